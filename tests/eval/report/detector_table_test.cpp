// The forms of a report with many detectors: ranks, averages, costs, the best of each column.
#include <algorithm>
#include <string_view>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "eval/report/columns.h"
#include "eval/report/comparison.h"
#include "eval/report/report.h"
#include "eval/scoring/detectors/registry.h"

namespace odin {
namespace {

Metrics metrics_with(double fpr, double auroc) {
  return {fpr, fpr / 4, auroc, auroc, auroc};
}

Report example() {
  Report report;
  report.network = "DenseNet-BC-100";
  report.in_set = "CIFAR-10";
  report.in_images = 9000;
  report.skip = 1000;
  report.limit = 10000;
  Evaluation crop{"Tiny-ImageNet (crop)",
                  8999,
                  {{&detectors::kBaseline, 1, 0, metrics_with(0.348, 0.953), {}},
                   {&detectors::kMaxLogit, 1, 0, metrics_with(0.2, 0.98), {}},
                   {&detectors::kEnergy, 1, 0, metrics_with(0.19, 0.98), {}},
                   {&detector_named("ash_s:percentile=80"), 1, 0, metrics_with(0.3, 0.97), {}},
                   {&detectors::kOdin, 1000, 0.0014, metrics_with(0.043, 0.992), {}}}};
  crop.detectors[4].published = PublishedFigures{.edition = "v1",
                                                 .source = "A paper, Table 2",
                                                 .parameters = {1000, 0.0014},
                                                 .metrics = {0.043, 0.047, 0.991, 0.991, 0.991}};
  Evaluation noise{"/data/sets/gaussian",
                   7925,
                   {{&detectors::kBaseline, 1, 0, metrics_with(0.1, 0.951), {}},
                    {&detectors::kMaxLogit, 1, 0, metrics_with(0.02, 0.99), {}},
                    {&detectors::kEnergy, 1, 0, metrics_with(0.03, 0.99), {}},
                    {&detector_named("ash_s:percentile=80"), 1, 0, metrics_with(0.06, 1), {}},
                    {&detectors::kOdin, 1000, 0.0014, metrics_with(0, 1), {}}}};
  report.evaluations = {crop, noise};
  for (Evaluation& evaluation : report.evaluations) {
    const double costs[] = {0.0004, 0.001, 0.0015, 0.0016, 12.3456};
    for (std::size_t i = 0; i < 5; ++i) evaluation.detectors[i].milliseconds = costs[i];
  }
  report.evaluations[1].detectors[4].milliseconds = 12.5456;
  report.evaluations[1].detectors[1].milliseconds.reset();
  return report;
}

TEST_CASE("detectors are ranked by their average AUROC, equal ones alike") {
  const std::vector<ComparedDetector> compared = compared_detectors(example());
  REQUIRE(compared.size() == 5);
  const std::size_t order[] = {4, 1, 2, 3, 0};
  const int ranks[] = {1, 2, 2, 2, 5};
  for (std::size_t i = 0; i < 5; ++i) {
    CAPTURE(i);
    CHECK(compared[i].index == order[i]);
    CHECK(compared[i].rank == ranks[i]);
  }
  CHECK(compared[0].average.auroc == doctest::Approx(0.996));
  CHECK(*compared[0].average.fpr_at_tpr95 == doctest::Approx(0.0215));
  CHECK(*compared[0].milliseconds == doctest::Approx(12.4456));
  CHECK_FALSE(compared[1].milliseconds);  // unknown of one set
  CHECK(compared_detectors({}).empty());
}

TEST_CASE("many detectors are the rows of one table, with a mark at the best of each column") {
  const std::string text =
      "DenseNet-BC-100, in-distribution CIFAR-10 (9000 images); in percent, ranked by average "
      "AUROC; * is the best of its column\n"
      "\n"
      "                                               Tiny-ImageNet  /data/sets/ga\n"
      "                         Average               (crop)         ussian\n"
      "                           FPR         ms per    FPR            FPR\n"
      "                           95%  AUROC   image    95%  AUROC     95%  AUROC\n"
      "1 ODIN                     2.1*  99.6* 12.446    4.3*  99.2*    0.0* 100.0*\n"
      "    paper [1]                -      -       -    4.3   99.1       -      -\n"
      "2 Max logit               11.0   98.5       -   20.0   98.0     2.0   99.0\n"
      "2 Energy                  11.0   98.5   0.002   19.0   98.0     3.0   99.0\n"
      "2 ASH-S (percentile 80)   18.0   98.5   0.002   30.0   97.0     6.0  100.0*\n"
      "5 Baseline                22.4   95.2  <0.001   34.8   95.3    10.0   95.1\n"
      "\n"
      "Images scored: 9000 of CIFAR-10, 8999 of Tiny-ImageNet (crop), 7925 of "
      "/data/sets/gaussian. The first 1000 of each set are held out, and at most 10000 are read\n"
      "[1] A paper, Table 2, T = 1000, magnitude 0.0014\n";
  CHECK(to_detector_table(example()) == text);
  CHECK(to_output(example(), std::nullopt) == text);
}

TEST_CASE("up to four detectors stay next to each other") {
  Report report = example();
  for (Evaluation& evaluation : report.evaluations) evaluation.detectors.resize(4);
  CHECK(to_output(report, std::nullopt) == to_table(report));
  CHECK(to_markdown(report).find("| Out-of-distribution set |") != std::string::npos);
  report.evaluations.resize(1);
  CHECK(to_output(report, std::nullopt) == to_text(report));
}

TEST_CASE("one set has all five figures") {
  Report report = example();
  report.evaluations.resize(1);
  const std::string text = to_output(report, std::nullopt);
  CHECK(text.starts_with(
      "DenseNet-BC-100, in-distribution CIFAR-10 (9000 images), out-of-distribution Tiny-ImageNet "
      "(crop) (8999 images); in percent, ranked by AUROC; * is the best of its column\n"
      "\n"
      "                           FPR         ms per   Det.   AUPR   AUPR\n"
      "                           95%  AUROC   image  error     In    Out\n"
      "1 ODIN                     4.3*  99.2* 12.346    1.1*  99.2*  99.2*\n"
      "    paper [1]              4.3   99.1       -    4.7   99.1   99.1\n"));
}

TEST_CASE("without costs there is no column for them, and an undefined figure is not the best") {
  Report report = example();
  for (Evaluation& evaluation : report.evaluations) {
    for (DetectorResult& result : evaluation.detectors) {
      result.milliseconds.reset();
      result.metrics.fpr_at_tpr95.reset();
    }
  }
  const std::string text = to_detector_table(report);
  CHECK(text.find("ms per") == std::string::npos);
  CHECK(text.find("\n5 Baseline               n/a  95.2 ") != std::string::npos);
  CHECK(text.find("n/a*") == std::string::npos);
  CHECK(to_csv(report).find("milliseconds") == std::string::npos);
}

TEST_CASE("with out-of-distribution as the positive class, the FPR of many has another name") {
  Report report = example();
  report.positive = PositiveClass::kOut;
  CHECK(to_detector_table(report).find(" Out+ ") != std::string::npos);
  CHECK(to_markdown(report).find("| Average: FPR Out+ | Average: AUROC |") != std::string::npos);
}

// 25 detectors, of the longest names, and nine sets.
Report large_example() {
  static const std::vector<std::string> titles = [] {
    std::vector<std::string> some;
    for (int i = 0; i < 25; ++i) some.push_back(fmt::format("Detector of a long title {}", i));
    return some;
  }();
  static const std::vector<Detector> detectors = [] {
    std::vector<Detector> some;
    for (const std::string& title : titles) {
      some.push_back(detectors::kEnergy);
      some.back().title = some.back().name = title;
    }
    return some;
  }();
  Report report = example();
  report.evaluations.clear();
  for (int set = 0; set < 9; ++set) {
    Evaluation& evaluation = report.evaluations.emplace_back();
    evaluation.out_set = fmt::format("Set number {}", set);
    evaluation.out_images = 1000;
    for (std::size_t i = 0; i < detectors.size(); ++i) {
      DetectorResult& result = evaluation.detectors.emplace_back();
      result.detector = &detectors[i];
      result.metrics = metrics_with(0.5, 0.9 - 0.001 * static_cast<double>(i));
      result.milliseconds = 1;
    }
  }
  return report;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    lines.emplace_back(text.substr(0, text.find('\n')));
    text.remove_prefix(std::min(lines.back().size() + 1, text.size()));
  }
  return lines;
}

TEST_CASE("sets that do not fit next to each other follow below, at any width of a terminal") {
  const Report report = large_example();
  for (const int columns : {44, 60, 80, 120, 200, 300}) {
    CAPTURE(columns);
    const std::vector<std::string> lines = lines_of(to_output(report, columns));
    for (const std::string& line : lines) {
      CAPTURE(line);
      CHECK(columns_of(line) <= columns);
    }
    // Each set has its place once.
    std::string all;
    for (const std::string& line : lines) all += line + '\n';
    all.resize(all.find("Images scored"));
    for (int set = 0; set < 9; ++set) {
      const std::string name = fmt::format("Set number {}", set);
      const std::size_t at = all.find(name.substr(0, 10));
      CHECK(at != std::string::npos);
    }
    // Every block has every detector.
    const auto blocks = std::ranges::count_if(lines, [](const std::string& line) {
      return line.find("FPR") != std::string::npos && line.find("95%") == std::string::npos;
    });
    const auto rows = std::ranges::count_if(
        lines, [](const std::string& line) { return line.starts_with("25 Detector"); });
    CHECK(blocks == rows);
    CHECK(blocks == (columns >= 200 ? 1 : columns == 44 ? 10 : blocks));
  }
}

TEST_CASE("a name that is longer than its column is broken, and nothing of it is lost") {
  const std::vector<std::string> lines = lines_of(to_detector_table(large_example(), 44));
  const auto first = std::ranges::find_if(
      lines, [](const std::string& line) { return line.starts_with(" 1 Detector of"); });
  REQUIRE(first != lines.end());
  CHECK(*first == " 1 Detector of a long    50.0*  90.0*  1.000");
  CHECK(*(first + 1) == "   title 0");
}

TEST_CASE("Markdown has a row for each detector, with the best of each column in bold") {
  const std::string text = to_markdown(example());
  CHECK(text.starts_with(
      "DenseNet-BC-100, in-distribution CIFAR-10 (9000 images); in percent, ranked by average "
      "AUROC\n"
      "\n"
      "| Rank | Detector | Average: FPR 95% | Average: AUROC | ms per image | Tiny-ImageNet "
      "(crop): "
      "FPR 95% | Tiny-ImageNet (crop): AUROC | /data/sets/gaussian: FPR 95% | "
      "/data/sets/gaussian: AUROC |\n"
      "| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
      "| 1 | ODIN | **2.1** | **99.6** | 12.446 | **4.3** | **99.2** | **0.0** | **100.0** |\n"
      "|  |   paper \\[1] | - | - | - | 4.3 | 99.1 | - | - |\n"
      "| 2 | Max logit | 11.0 | 98.5 | - | 20.0 | 98.0 | 2.0 | 99.0 |\n"));
  CHECK(text.find("| 2 | ASH-S (percentile 80) | 18.0 | 98.5 | 0.002 | 30.0 | 97.0 | 6.0 | "
                  "**100.0** |\n") != std::string::npos);
  CHECK(text.find("| 5 | Baseline | 22.4 | 95.2 | \\<0.001 |") != std::string::npos);
  CHECK(text.ends_with("\n\n\\[1] A paper, Table 2, T = 1000, magnitude 0.0014\n"));
}

TEST_CASE("JSON has ranks, and the costs apart from the figures, and CSV has the costs last") {
  const auto json = nlohmann::json::parse(to_json(example()));
  CHECK(json["ranks"] == nlohmann::json::parse(R"({"odin": 1, "max_logit": 2, "energy": 2,
                                                   "ash_s:percentile=80": 2, "baseline": 5})"));
  CHECK(json["milliseconds_per_image"]["odin"].get<double>() == doctest::Approx(12.4456));
  CHECK(json["milliseconds_per_image"].size() == 4);
  CHECK_FALSE(json["evaluations"][0]["detectors"]["odin"].contains("milliseconds"));

  Report report = example();
  report.notes = {"A note."};
  const std::vector<std::string> lines = lines_of(to_csv(report));
  CHECK(lines[0].ends_with(",auroc_low,auroc_high,milliseconds"));
  CHECK(lines[5].starts_with("DenseNet-BC-100,CIFAR-10,Tiny-ImageNet (crop),9000,8999,odin,ours,"));
  CHECK(lines[5].ends_with(",12.3456"));
  CHECK(lines[6].ends_with(",0.991,,,,,"));  // of the paper
  const auto commas = [](const std::string& line) { return std::ranges::count(line, ','); };
  for (const std::string& line : lines) CHECK(commas(line) == commas(lines[0]));
}

}  // namespace
}  // namespace odin
