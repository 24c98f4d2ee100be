#include "eval/paper/paper_figures.h"

#include <cmath>

#include <doctest/doctest.h>

#include "eval/paper/authors_names.h"
#include "eval/scoring/detectors/registry.h"

namespace odin {
namespace {

TEST_CASE("the paper's figures agree with its abstract and its text") {
  const auto baseline = paper_figures("densenet10", "Imagenet", detectors::kBaseline, 0.0014);
  const auto odin = paper_figures("densenet10", "Imagenet", detectors::kOdin, 0.0014);
  REQUIRE(baseline);
  REQUIRE(odin);
  CHECK(baseline->metrics == Metrics{0.347, 0.1, 0.953, 0.964, 0.938});
  CHECK(odin->metrics.fpr_at_tpr95 == 0.043);
  CHECK(odin->edition == PaperEdition::kFifth);
  CHECK(odin->parameters == OdinParameters{1000, 0.0014});
  CHECK(paper_figures("densenet100", "Uniform", detectors::kBaseline, 0)->metrics.detection_error ==
        0.3586);
  CHECK(paper_figures("densenet100", "LSUN", detectors::kOdin, 0.002)->metrics.auroc == 0.966);
  CHECK(paper_figures("wideresnet100", "iSUN", detectors::kOdin, 0.0028)->metrics.fpr_at_tpr95 ==
        0.573);
}

TEST_CASE("the figures are from the edition whose magnitude is used") {
  const auto edition = [](const char* network, const char* set, double magnitude) {
    return paper_figures(network, set, detectors::kOdin, magnitude)->edition;
  };
  CHECK(edition("densenet10", "LSUN", 0) == PaperEdition::kEarlier);
  CHECK(edition("densenet10", "LSUN", 0.0014) == PaperEdition::kFifth);
  CHECK(edition("densenet100", "LSUN", 0.0028) == PaperEdition::kEarlier);
  CHECK(edition("densenet100", "LSUN", 0.002) == PaperEdition::kFifth);
  CHECK(edition("densenet100", "LSUN", 0.003) == PaperEdition::kFifth);
  CHECK(edition("densenet10", "iSUN", 0.0014) == PaperEdition::kEarlier);
  CHECK(edition("wideresnet10", "LSUN", 0.004) == PaperEdition::kEarlier);
}

TEST_CASE("ODIN has figures for every pair of the authors, and the baseline for those of v5") {
  int baselines = 0;
  for (const AuthorsNetwork& network : authors_networks()) {
    for (const AuthorsOutSet& set : authors_out_sets()) {
      CAPTURE(network.name);
      CAPTURE(set.name);
      const double magnitude = authors_magnitude(network, set);
      const auto odin = paper_figures(network.name, set.name, detectors::kOdin, magnitude);
      REQUIRE(odin);
      CHECK(odin->parameters.magnitude == magnitude);
      for (const double value :
           {*odin->metrics.fpr_at_tpr95, odin->metrics.detection_error, odin->metrics.auroc,
            *odin->metrics.aupr_in, *odin->metrics.aupr_out}) {
        CHECK(value >= 0);
        CHECK(value <= 1);
      }
      if (odin->edition == PaperEdition::kEarlier) {
        // Rounded to 0.1 %, from an FPR rounded likewise.
        CHECK(std::abs((0.05 + *odin->metrics.fpr_at_tpr95) / 2 - odin->metrics.detection_error) <
              0.00076);
      }
      baselines += paper_figures(network.name, set.name, detectors::kBaseline, 0).has_value();
      CHECK_FALSE(paper_figures(network.name, set.name, detectors::kEnergy, 0));
    }
  }
  CHECK(baselines == 2 * 6);
  CHECK_FALSE(paper_figures("", "iSUN", detectors::kOdin, 0.0014));
  CHECK_FALSE(paper_figures("densenet10", "", detectors::kOdin, 0.0014));
}

}  // namespace
}  // namespace odin
