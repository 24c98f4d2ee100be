// Which detectors a page shows at first.
#include "eval/report/plot_choice.h"

#include <doctest/doctest.h>

#include "eval/scoring/detectors/registry.h"
#include "kernels/error.h"

namespace odin {
namespace {

using Indices = std::vector<std::size_t>;
using Pair = std::array<std::size_t, 2>;

// Of these detectors, the best first. Their places in the report are the other way round.
std::vector<ComparedDetector> ranked(const std::vector<const Detector*>& detectors) {
  std::vector<ComparedDetector> compared;
  for (const Detector* detector : detectors) {
    compared.push_back({.index = detectors.size() - 1 - compared.size(),
                        .detector = detector,
                        .rank = static_cast<int>(compared.size()) + 1,
                        .average = {},
                        .milliseconds = {}});
  }
  return compared;
}

TEST_CASE("the curves of the best four and of the baseline are shown by default") {
  const auto detectors =
      ranked({&detectors::kOdin, &detectors::kEnergy, &detectors::kScale, &detectors::kAshS,
              &detectors::kGen, &detectors::kBaseline, &detectors::kEntropy});
  CHECK(plot_choice(detectors).curves == Indices{6, 5, 4, 3, 1});
  const auto among_the_best = ranked({&detectors::kOdin, &detectors::kBaseline, &detectors::kScale,
                                      &detectors::kAshS, &detectors::kGen});
  CHECK(plot_choice(among_the_best).curves == Indices{4, 3, 2, 1});
}

TEST_CASE("the best detector is drawn against the best of another kind") {
  // Both features; the next reads logits.
  CHECK(plot_choice(
            ranked({&detectors::kAshS, &detectors::kScale, &detectors::kEnergy, &detectors::kOdin}))
            .scatter == Pair{1, 3});
  CHECK(plot_choice(ranked({&detectors::kOdin, &detectors::kBaseline})).scatter == Pair{0, 1});
  CHECK(plot_choice(ranked({&detectors::kBaseline, &detectors::kOdin})).scatter == Pair{0, 1});
  // All of one kind.
  CHECK(
      plot_choice(ranked({&detectors::kEnergy, &detectors::kGen, &detectors::kBaseline})).scatter ==
      Pair{1, 2});
  CHECK_FALSE(plot_choice(ranked({&detectors::kOdin})).scatter);
  CHECK_FALSE(plot_choice({}).scatter);
}

TEST_CASE("what is asked for is shown, the first two against each other, in this order") {
  const auto detectors = ranked({&detectors::kAshS, &detectors::kScale, &detectors::kEnergy,
                                 &detectors::kOdin, &detectors::kGen});
  const std::vector<const Detector*> wanted{&detectors::kEnergy, &detectors::kAshS,
                                            &detectors::kGen};
  const PlotChoice choice = plot_choice(detectors, wanted);
  CHECK(choice.curves == Indices{2, 4, 0});
  CHECK(choice.scatter == Pair{2, 4});
  // A single one is drawn against the best of another kind.
  const std::vector<const Detector*> one{&detectors::kScale};
  CHECK(plot_choice(detectors, one).curves == Indices{3});
  CHECK(plot_choice(detectors, one).scatter == Pair{3, 2});
  const auto alike = ranked({&detectors::kAshS, &detectors::kScale});
  CHECK(plot_choice(alike, one).scatter == Pair{0, 1});
  const std::vector<const Detector*> unknown{&detectors::kMaxLogit};
  CHECK_THROWS_WITH_AS(plot_choice(detectors, unknown),
                       "the score max_logit is to be plotted, but was not computed", Error);
}

}  // namespace
}  // namespace odin
