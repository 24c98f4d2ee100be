#include "eval/report/report.h"

#include <limits>
#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "eval/published/benchmark_file.h"
#include "eval/report/version.h"
#include "eval/scoring/detectors/registry.h"

namespace odin {
namespace {

// The note on the images of the example.
constexpr const char* kImages =
    "Images scored: 9000 of CIFAR-10, 8999 of Tiny-ImageNet (crop). The first 1000 of each set are "
    "held out, and at most 10000 are read\n";

Report complete_report() {
  return {
      .network = "DenseNet-BC-100",
      .weights = "densenet10.h5",
      .in_set = "CIFAR-10",
      .in_images = 9000,
      .accuracy = std::nullopt,
      .evaluations = {{.out_set = "Tiny-ImageNet (crop)",
                       .out_images = 8999,
                       .detectors = {{.detector = &detectors::kBaseline,
                                      .temperature = 1,
                                      .magnitude = 0,
                                      .metrics = {0.348, 0.099, 0.953, 0.964, 0.938},
                                      .published = {}},
                                     {.detector = &detectors::kOdin,
                                      .temperature = 1000,
                                      .magnitude = 0.0014,
                                      .metrics = {0.043, 0.046, 0.991, 0.992, 1 - 1e-16 * 4},
                                      .published = {}}}}},
      .missing = {},
      .searches = {},
      .notes = {},
      .method = MetricsMethod::kExact,
      .device = "cpu",
      .batch_size = 64,
      .threads = 2,
      .ranks = 3,
      .seed = std::numeric_limits<std::uint64_t>::max(),
      .skip = 1000,
      .limit = 10000,
      .seconds = 100.25,
      .images_per_second = 179.54,
  };
}

TEST_CASE("the table is that of the ODIN authors' code") {
  Report report = complete_report();
  report.evaluations[0].detectors[1].metrics.aupr_out = 0.991;
  CHECK(to_text(report) == std::string("Neural network architecture:          DenseNet-BC-100\n"
                                       "In-distribution dataset:                     CIFAR-10\n"
                                       "Out-of-distribution dataset:     Tiny-ImageNet (crop)\n"
                                       "\n"
                                       "                          Baseline         Our Method\n"
                                       "FPR at TPR 95%:              34.8%               4.3%\n"
                                       "Detection error:              9.9%               4.6%\n"
                                       "AUROC:                       95.3%              99.1%\n"
                                       "AUPR In:                     96.4%              99.2%\n"
                                       "AUPR Out:                    93.8%              99.1%\n"
                                       "\n") +
                               kImages);
}

TEST_CASE("published figures stand beside ours, and long headings make their columns wider") {
  Report report = complete_report();
  auto& detectors = report.evaluations[0].detectors;
  const auto benchmark = load_benchmark("odin");
  for (DetectorResult& result : detectors) {
    result.published =
        published_figures(*benchmark, "densenet10", "Imagenet", *result.detector, 0.0014);
  }
  detectors.push_back({.detector = find_detector("nnguide:share=5:neighbours=20"),
                       .temperature = 1000,
                       .magnitude = 0.0014,
                       .metrics = {0.5, 0.25, 0.75, 0.75, 0.75},
                       .published = {}});
  const std::string text = to_text(report);
  const std::string table = text.substr(text.find("\n\n") + 2);
  CHECK(
      table.starts_with("                          Baseline  paper [1]         Our Method  paper "
                        "[2]  NNGuide (share 5, neighbours 20)\n"
                        "FPR at TPR 95%:              34.8%      34.7%               4.3%       "
                        "4.3%                             50.0%\n"
                        "Detection error:              9.9%      10.0%               4.6%       "
                        "4.7%                             25.0%\n"));
  CHECK(
      text.ends_with("\n\n[1] Liang, Li & Srikant, ICLR 2018, arXiv:1706.02690v5, Table 2\n"
                     "\n[2] Liang, Li & Srikant, ICLR 2018, arXiv:1706.02690v5, Table 2, T = 1000, "
                     "magnitude 0.0014\n"));
}

TEST_CASE("the accuracy of a labelled set follows the table") {
  Report report = complete_report();
  report.accuracy = 0.9519;
  CHECK(to_text(report).ends_with(
      std::string("AUPR Out:                    93.8%             100.0%\n"
                  "\n"
                  "Classification accuracy:                        95.2%\n\n") +
      kImages));
}

TEST_CASE("every out-of-distribution set has its table, with one column per detector") {
  Report report = complete_report();
  report.accuracy = 0.5;
  Evaluation second = report.evaluations[0];
  second.out_set = "A set of a name wider than its column";
  second.detectors.push_back(second.detectors[1]);
  second.detectors[2].detector = &detectors::kEnergy;
  report.evaluations.push_back(second);
  const std::string text = to_text(report);
  std::string first = to_text(complete_report());
  first.resize(first.find("\nImages scored"));
  CHECK(text.starts_with(first + "\nNeural network architecture:          DenseNet-BC-100\n"));
  CHECK(text.ends_with(
      "Out-of-distribution dataset:   A set of a name wider than its column\n"
      "\n"
      "                          Baseline         Our Method             Energy\n"
      "FPR at TPR 95%:              34.8%               4.3%               4.3%\n"
      "Detection error:              9.9%               4.6%               4.6%\n"
      "AUROC:                       95.3%              99.1%              99.1%\n"
      "AUPR In:                     96.4%              99.2%              99.2%\n"
      "AUPR Out:                    93.8%             100.0%             100.0%\n"
      "\n"
      "Classification accuracy:                        50.0%\n"
      "\n"
      "Images scored: 9000 of CIFAR-10, 8999 of Tiny-ImageNet (crop), 8999 of A set of a "
      "name wider than its column. The first 1000 of each set are held out, and at most "
      "10000 are read\n"));
}

TEST_CASE("where no images are held out, nothing is said of the first 0") {
  Report report = complete_report();
  report.skip = 0;
  const std::string text = to_text(report);
  CHECK(text.find(". Of each set at most 10000 are read\n") != std::string::npos);
  CHECK(text.find("held out") == std::string::npos);
}

TEST_CASE("undefined figures are n/a, with a note that says why") {
  Report report = complete_report();
  report.evaluations[0].detectors[1].metrics.fpr_at_tpr95.reset();
  const std::string fpr = to_text(report);
  CHECK(fpr.find("FPR at TPR 95%:              34.8%                n/a\n") != std::string::npos);
  CHECK(
      fpr.ends_with("\n\nFPR n/a: no threshold of the sweep accepts 94.95% to 95.05% of the "
                    "in-distribution images. The exact metrics have no such gap.\n"));
  CHECK(fpr.find("AUPR n/a") == std::string::npos);

  report = complete_report();
  report.evaluations[0].detectors[0].metrics.aupr_in.reset();
  const std::string aupr = to_text(report);
  CHECK(aupr.find("AUPR In:                       n/a              99.2%\n") != std::string::npos);
  CHECK(
      aupr.ends_with("\n\nAUPR n/a: all scores are outside the thresholds of the sweep. The exact "
                     "metrics have no such bounds.\n"));
  CHECK(aupr.find("FPR n/a") == std::string::npos);
}

TEST_CASE("JSON has every figure, unrounded, and every setting and count") {
  Report report = complete_report();
  report.accuracy = 1.0 / 3;
  report.evaluations[0].detectors[0].metrics.fpr_at_tpr95.reset();
  report.evaluations[0].detectors[1].intervals = {Interval{0.04, 0.046}, Interval{0.99, 0.992}};
  report.evaluations[0].detectors[1].sweep = Metrics{0.044, 0.047, 0.9905, std::nullopt, 0.98};
  const std::string text = to_json(report);
  CHECK(text.ends_with("}\n"));
  const auto expected = nlohmann::json::parse(R"json({
    "network": "DenseNet-BC-100",
    "weights": "densenet10.h5",
    "in_set": "CIFAR-10",
    "in_images": 9000,
    "accuracy": 0.3333333333333333,
    "evaluations": [{
      "out_set": "Tiny-ImageNet (crop)",
      "out_images": 8999,
      "detectors": {
        "baseline": {"source": "Hendrycks & Gimpel, ICLR 2017, arXiv:1610.02136",
                     "temperature": 1.0, "magnitude": 0.0, "fpr_at_tpr95": null,
                     "detection_error": 0.099, "auroc": 0.953, "aupr_in": 0.964, "aupr_out": 0.938,
                     "fpr_at_tpr95_ci95": null, "auroc_ci95": null},
        "odin": {"source": "Liang, Li & Srikant, ICLR 2018, arXiv:1706.02690",
                 "temperature": 1000.0, "magnitude": 0.0014, "fpr_at_tpr95": 0.043,
                 "detection_error": 0.046, "auroc": 0.991, "aupr_in": 0.992,
                 "aupr_out": 0.9999999999999996, "fpr_at_tpr95_ci95": [0.04, 0.046],
                 "auroc_ci95": [0.99, 0.992],
                 "threshold_sweep": {"fpr_at_tpr95": 0.044, "detection_error": 0.047,
                                     "auroc": 0.9905, "aupr_in": null, "aupr_out": 0.98}}
      }
    }],
    "average": null,
    "ranks": {"odin": 1, "baseline": 2},
    "failed": [], "missing": [],
    "searches": [],
    "notes": [],
    "settings": {"metrics": "exact", "positive": "in", "device": "cpu", "batch_size": 64, "threads": 2, "ranks": 3,
                 "seed": 18446744073709551615, "skip": 1000, "limit": 10000},
    "seconds": 100.25,
    "images_per_second": 179.54,
    "milliseconds_per_image": {},
    "versions": {"odin": "VERSION"}
  })json");
  auto found = nlohmann::json::parse(text);
  CHECK(found["versions"]["odin"] == version());
  found["versions"]["odin"] = "VERSION";
  CHECK(found == expected);
}

TEST_CASE("a note is in every form of the report") {
  Report report = complete_report();
  report.notes = {"No accuracy: the set \"x\" has 3 classes, the network 10.", "Another."};
  const std::string& note = report.notes[0];
  CHECK(to_text(report) == to_text(complete_report()) + '\n' + note + "\n\nAnother.\n");
  CHECK(to_table(report).ends_with("\n\n" + (kImages + note) + "\nAnother.\n"));
  CHECK(to_markdown(report).ends_with("read\n\n" + note + "\n\nAnother.\n"));
  CHECK(nlohmann::json::parse(to_json(report))["notes"] == report.notes);
  CHECK(to_csv(report) ==
        to_csv(complete_report()) +
            "DenseNet-BC-100,CIFAR-10,\"No accuracy: the set \"\"x\"\" has 3 classes, the network "
            "10.\",,,,note,,,,,,,,,,,\n"
            "DenseNet-BC-100,CIFAR-10,Another.,,,,note,,,,,,,,,,,\n");
}

TEST_CASE("JSON is valid for a file name that is not UTF-8 and for no evaluation") {
  Report report;
  report.weights = "caf\xe9.h5";
  const auto json = nlohmann::json::parse(to_json(report));
  CHECK(json["weights"] == "caf\xef\xbf\xbd.h5");
  CHECK(json["accuracy"].is_null());
  CHECK(json["evaluations"] == nlohmann::json::array());
  CHECK(to_text(report).empty());
}

}  // namespace
}  // namespace odin
