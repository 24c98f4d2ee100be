// The tables in the paper's layout and as CSV.
#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "eval/published/benchmark_file.h"
#include "eval/report/report.h"
#include "eval/scoring/detectors/registry.h"

namespace odin {
namespace {

Report table_example() {
  const Metrics baseline{0.348, 0.099, 0.953, 0.964, 0.938};
  const Metrics odin{0.043, 0.046, 0.991, 0.992, 1};
  Report report;
  report.network = "DenseNet-BC-100";
  report.in_set = "CIFAR-10";
  report.in_images = 9000;
  report.skip = 1000;
  report.limit = 10000;
  report.accuracy = 0.9519;
  report.evaluations = {
      {"Tiny-ImageNet (crop)",
       8999,
       {{&detectors::kBaseline, 1, 0, baseline,
         published_figures(*load_benchmark("odin"), "densenet10", "Imagenet", detectors::kBaseline,
                           0.0014)},
        {&detectors::kOdin, 1000, 0.0014, odin,
         published_figures(*load_benchmark("odin"), "densenet10", "Imagenet", detectors::kOdin,
                           0.0014)}}},
      {"iSUN",
       7925,
       {{&detectors::kBaseline, 1, 0, baseline, {}},
        {&detectors::kOdin, 1000, 0.0014, odin,
         published_figures(*load_benchmark("odin"), "densenet10", "iSUN", detectors::kOdin,
                           0.0014)}}},
      {"Mine | yours, \"both\"",
       3,
       {{&detectors::kBaseline, 1, 0, baseline, {}}, {&detectors::kOdin, 1000, 0.0014, odin, {}}}}};
  report.missing = {{"LSUN (crop)", "there is no D/LSUN", "fetch_data LSUN --data-dir D"},
                    {"other", "there is no other", ""}};
  return report;
}

TEST_CASE("the table has the paper's layout, with its figures below ours") {
  CHECK(
      to_table(table_example()) ==
      "DenseNet-BC-100, in-distribution CIFAR-10 (9000 images); Baseline / ODIN, in percent\n"
      "\n"
      "Out-of-distribution set  FPR at TPR 95%  Detection error        AUROC      AUPR In      "
      "AUPR "
      "Out\n"
      "Tiny-ImageNet (crop)         34.8 / 4.3        9.9 / 4.6  95.3 / 99.1  96.4 / 99.2  93.8 / "
      "100.0\n"
      "  paper [1, 2]               34.7 / 4.3       10.0 / 4.7  95.3 / 99.1  96.4 / 99.1   93.8 / "
      "99.1\n"
      "iSUN                         34.8 / 4.3        9.9 / 4.6  95.3 / 99.1  96.4 / 99.2  93.8 / "
      "100.0\n"
      "  paper [3]                     - / 6.3          - / 5.7     - / 98.8     - / 98.9      - / "
      "98.8\n"
      "Mine | yours, \"both\"         34.8 / 4.3        9.9 / 4.6  95.3 / 99.1  96.4 / 99.2  93.8 "
      "/ "
      "100.0\n"
      "Average                      34.8 / 4.3        9.9 / 4.6  95.3 / 99.1  96.4 / 99.2  93.8 "
      "/ "
      "100.0\n"
      "\n"
      "Classification accuracy: 95.2%\n"
      "Images scored: 9000 of CIFAR-10, 8999 of Tiny-ImageNet (crop), 7925 of iSUN, 3 of Mine | "
      "yours, "
      "\"both\". The first 1000 of each set are held out, and at most 10000 are read\n"
      "Missing: LSUN (crop): there is no D/LSUN; fetch it: fetch_data LSUN --data-dir D\n"
      "Missing: other: there is no other\n"
      "[1] Liang, Li & Srikant, ICLR 2018, arXiv:1706.02690v5, Table 2\n"
      "[2] Liang, Li & Srikant, ICLR 2018, arXiv:1706.02690v5, Table 2, T = 1000, magnitude "
      "0.0014\n"
      "[3] Liang, Li & Srikant, arXiv:1706.02690 before v5, Table 2, as quoted by others "
      "(detection "
      "error at TPR 95%), T = 1000, magnitude 0.0014\n");
}

TEST_CASE("the table is valid Markdown for any name of a set") {
  const std::string text = to_markdown(table_example());
  CHECK(text.find("| Out-of-distribution set | FPR at TPR 95% | Detection error | AUROC | AUPR In "
                  "| AUPR Out |\n"
                  "| --- | ---: | ---: | ---: | ---: | ---: |\n"
                  "| Tiny-ImageNet (crop) | 34.8 / 4.3 | 9.9 / 4.6 | 95.3 / 99.1 | 96.4 / 99.2 | "
                  "93.8 / 100.0 |\n") != std::string::npos);
  CHECK(text.find("\n| Mine \\| yours, \"both\" | 34.8 / 4.3 |") != std::string::npos);
  CHECK(text.find("\nMissing: LSUN (crop): there is no D/LSUN; fetch it: fetch\\_data LSUN "
                  "--data-dir D\n") != std::string::npos);
}

TEST_CASE("CSV has one line for each set, detector and source, unrounded") {
  Report report = table_example();
  report.evaluations[1].detectors[0].metrics.fpr_at_tpr95.reset();
  report.evaluations[1].detectors[0].metrics.auroc = 1.0 / 3;
  report.evaluations[0].detectors[0].intervals = {Interval{0.33, 0.36}, Interval{0.95, 0.956}};
  CHECK(to_csv(report) ==
        "network,in_set,out_set,in_images,out_images,detector,source,temperature,magnitude,"
        "fpr_at_tpr95,detection_error,auroc,aupr_in,aupr_out,fpr_at_tpr95_low,fpr_at_tpr95_high,"
        "auroc_low,auroc_high\n"
        "DenseNet-BC-100,CIFAR-10,Tiny-ImageNet (crop),9000,8999,baseline,ours,1,0,0.348,0.099,"
        "0.953,0.964,0.938,0.33,0.36,0.95,0.956\n"
        "DenseNet-BC-100,CIFAR-10,Tiny-ImageNet (crop),,,baseline,paper (v5),1,0,0.347,0.1,0.953,"
        "0.964,0.938,,,,\n"
        "DenseNet-BC-100,CIFAR-10,Tiny-ImageNet (crop),9000,8999,odin,ours,1000,0.0014,0.043,"
        "0.046,0.991,0.992,1,,,,\n"
        "DenseNet-BC-100,CIFAR-10,Tiny-ImageNet (crop),,,odin,paper (v5),1000,0.0014,0.043,0.047,"
        "0.991,0.991,0.991,,,,\n"
        "DenseNet-BC-100,CIFAR-10,iSUN,9000,7925,baseline,ours,1,0,,0.099,0.3333333333333333,"
        "0.964,0.938,,,,\n"
        "DenseNet-BC-100,CIFAR-10,iSUN,9000,7925,odin,ours,1000,0.0014,0.043,0.046,0.991,0.992,1,,,"
        ",\n"
        "DenseNet-BC-100,CIFAR-10,iSUN,,,odin,paper (before-v5),1000,0.0014,0.063,0.057,0.988,"
        "0.989,0.988,,,,\n"
        "DenseNet-BC-100,CIFAR-10,\"Mine | yours, \"\"both\"\"\",9000,3,baseline,ours,1,0,0.348,"
        "0.099,0.953,0.964,0.938,,,,\n"
        "DenseNet-BC-100,CIFAR-10,\"Mine | yours, \"\"both\"\"\",9000,3,odin,ours,1000,0.0014,"
        "0.043,0.046,0.991,0.992,1,,,,\n"
        "DenseNet-BC-100,CIFAR-10,LSUN (crop),,,,missing,,,,,,,,,,,\n"
        "DenseNet-BC-100,CIFAR-10,other,,,,missing,,,,,,,,,,,\n");
}

TEST_CASE("the average is over sets alike, and undefined where one figure is") {
  Report report = table_example();
  report.evaluations[0].detectors[0].metrics = {0.1, 0.2, 0.9, 0.8, std::nullopt};
  report.evaluations[1].detectors[0].metrics = {0.3, 0.1, 0.7, 0.6, 0.5};
  report.evaluations.resize(2);
  const std::string table = to_table(report);
  const std::string average_row = table.substr(table.find("\nAverage "));
  for (const char* cell :
       {"  20.0 / 4.3  ", "  15.0 / 4.6  ", "  80.0 / 99.1  ", "  70.0 / 99.2  "}) {
    CHECK(average_row.find(cell) != std::string::npos);
  }
  CHECK(to_table(report).find("  n/a / 100.0\n\n") != std::string::npos);
  CHECK(to_csv(report).find("Average") == std::string::npos);
  const auto average = nlohmann::json::parse(to_json(report))["average"];
  CHECK(average["baseline"]["fpr_at_tpr95"].get<double>() == doctest::Approx(0.2));
  CHECK(average["baseline"]["aupr_out"].is_null());
  CHECK(average["odin"]["auroc"].get<double>() == doctest::Approx(0.991));
  report.evaluations.resize(1);
  CHECK(to_table(report).find("Average") == std::string::npos);
}

TEST_CASE("with out-of-distribution as the positive class, the FPR has another name everywhere") {
  Report report = table_example();
  report.positive = PositiveClass::kOut;
  for (const std::string& text : {to_table(report), to_text(report), to_markdown(report)}) {
    CHECK(text.find("FPR95, Out positive") != std::string::npos);
    CHECK(text.find("FPR at TPR 95%") == std::string::npos);
    CHECK(text.find("It is not the FPR of the ODIN paper") != std::string::npos);
  }
  CHECK(to_narrow_table(report, 60).find(" Out+ ") != std::string::npos);
  CHECK(to_csv(report).find(",fpr_at_tpr95_out_positive,detection_error,auroc,aupr_in,aupr_out,"
                            "fpr_at_tpr95_out_positive_low,") != std::string::npos);
  const auto json = nlohmann::json::parse(to_json(report));
  CHECK(json["settings"]["positive"] == "out");
  const auto& figures = json["evaluations"][0]["detectors"]["odin"];
  CHECK(figures.contains("fpr_at_tpr95_out_positive"));
  CHECK(figures.contains("fpr_at_tpr95_out_positive_ci95"));
  CHECK_FALSE(figures.contains("fpr_at_tpr95"));
}

TEST_CASE("notes below the table report a search and an undefined figure") {
  Report report = table_example();
  report.evaluations[0].detectors[1].metrics.fpr_at_tpr95.reset();
  SearchResult search;
  search.out_set = "iSUN";
  search.in_images = 1000;
  search.out_images = 999;
  search.grid = {{1, 1000}, {0, 0.0014}};
  search.cells.resize(4);
  search.best = 3;
  search.cells[3].fpr_at_tpr95 = 0.0423;
  report.searches = {search};
  const std::string text = to_table(report);
  CHECK(text.find("34.8 / n/a") != std::string::npos);
  CHECK(text.find("\nFPR n/a: no threshold") != std::string::npos);
  CHECK(text.find("\nTuned on 1000 images of the in-distribution set and 999 of iSUN: temperature "
                  "1000, magnitude 0.0014 (FPR at TPR 95% there: 4.2%)\n") != std::string::npos);
  const std::string json = to_json(report);
  CHECK(json.find("\"tuned_on\": \"iSUN\"") != std::string::npos);
  CHECK(json.find("\"command\": \"fetch_data LSUN --data-dir D\"") != std::string::npos);
  CHECK(json.find("arXiv:1706.02690v5") != std::string::npos);
}

}  // namespace
}  // namespace odin
