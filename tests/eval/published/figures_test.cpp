#include "eval/published/figures.h"

#include <cmath>
#include <memory>

#include <doctest/doctest.h>

#include "eval/published/benchmark_file.h"
#include "eval/published/networks.h"
#include "eval/scoring/detectors/registry.h"

namespace odin {
namespace {

const BenchmarkDefinition& odin_benchmark() {
  static const std::shared_ptr<const BenchmarkDefinition> benchmark = load_benchmark("odin");
  return *benchmark;
}

std::optional<PublishedFigures> figures(std::string_view network, const std::string& set,
                                        const Detector& detector, double magnitude) {
  return published_figures(odin_benchmark(), network, set, detector, magnitude);
}

TEST_CASE("the paper's figures agree with its abstract and its text") {
  const auto baseline = figures("densenet10", "Imagenet", detectors::kBaseline, 0.0014);
  const auto odin = figures("densenet10", "Imagenet", detectors::kOdin, 0.0014);
  REQUIRE(baseline);
  REQUIRE(odin);
  CHECK(baseline->metrics == Metrics{0.347, 0.1, 0.953, 0.964, 0.938});
  CHECK(odin->metrics.fpr_at_tpr95 == 0.043);
  CHECK(odin->edition == "v5");
  CHECK(odin->source == "Liang, Li & Srikant, ICLR 2018, arXiv:1706.02690v5, Table 2");
  CHECK(odin->parameters == OdinParameters{1000, 0.0014});
  CHECK(figures("densenet100", "Uniform", detectors::kBaseline, 0)->metrics.detection_error ==
        0.3586);
  CHECK(figures("densenet100", "LSUN", detectors::kOdin, 0.002)->metrics.auroc == 0.966);
  CHECK(figures("wideresnet100", "iSUN", detectors::kOdin, 0.0028)->metrics.fpr_at_tpr95 == 0.573);
}

TEST_CASE("the figures are of the released network and, of these, with the magnitude in use") {
  const auto edition = [](const char* network, const char* set, double magnitude) {
    return figures(network, set, detectors::kOdin, magnitude)->edition;
  };
  CHECK(edition("densenet10", "LSUN", 0) == "before-v5");
  CHECK(edition("densenet10", "LSUN", 0.0014) == "v5");
  CHECK(edition("densenet100", "LSUN", 0.0028) == "v5");  // the other edition has another network
  CHECK(edition("densenet100", "LSUN", 0.002) == "v5");
  CHECK(edition("densenet10", "iSUN", 0.0014) == "before-v5");
  CHECK(edition("densenet100", "iSUN", 0.002) == "before-v5");
  CHECK(edition("wideresnet10", "LSUN", 0.004) == "before-v5");
  CHECK(figures("densenet100", "iSUN", detectors::kOdin, 0.002)->another_network);
  CHECK_FALSE(figures("densenet100", "LSUN", detectors::kOdin, 0.002)->another_network);
  CHECK_FALSE(figures("densenet10", "iSUN", detectors::kOdin, 0.0014)->another_network);
}

TEST_CASE("ODIN has figures for every pair of the authors, and the baseline for those of v5") {
  int baselines = 0;
  for (const PublishedNetwork& network : published_networks()) {
    for (const BenchmarkSet& set : odin_benchmark().sets) {
      CAPTURE(network.name);
      CAPTURE(set.name);
      const auto odin = figures(network.name, set.name, detectors::kOdin, 0.0014);
      if (network.name.starts_with("dice_")) {
        CHECK_FALSE(odin);
        continue;
      }
      REQUIRE(odin);
      for (const double value :
           {*odin->metrics.fpr_at_tpr95, odin->metrics.detection_error, odin->metrics.auroc,
            *odin->metrics.aupr_in, *odin->metrics.aupr_out}) {
        CHECK(value >= 0);
        CHECK(value <= 1);
      }
      if (odin->edition == "before-v5") {
        // Rounded to 0.1 %, from an FPR rounded likewise.
        CHECK(std::abs((0.05 + *odin->metrics.fpr_at_tpr95) / 2 - odin->metrics.detection_error) <
              0.00076);
      }
      baselines += figures(network.name, set.name, detectors::kBaseline, 0).has_value();
      CHECK_FALSE(figures(network.name, set.name, detectors::kEnergy, 0));
    }
  }
  CHECK(baselines == 2 * 6);
  CHECK_FALSE(figures("", "iSUN", detectors::kOdin, 0.0014));
  CHECK_FALSE(figures("densenet10", "", detectors::kOdin, 0.0014));
}

}  // namespace
}  // namespace odin
