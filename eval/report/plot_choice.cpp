#include "eval/report/plot_choice.h"

#include <algorithm>

#include "eval/scoring/detectors/registry.h"
#include "kernels/error.h"

namespace odin {
namespace {

constexpr std::size_t kCurves = 4;

const ComparedDetector& find(std::span<const ComparedDetector> detectors,
                             const Detector& detector) {
  const auto found = std::ranges::find(detectors, &detector, &ComparedDetector::detector);
  require(found != detectors.end(), "the score {} is to be plotted, but was not computed",
          detector.name);
  return *found;
}

bool reads_the_same(const Detector& one, const Detector& other) {
  return one.uses_features == other.uses_features &&
         one.uses_odin_parameters == other.uses_odin_parameters;
}

// The best of those that read something else than the first, else the best other one.
const ComparedDetector& partner_of(const ComparedDetector& first,
                                   std::span<const ComparedDetector> detectors) {
  const auto other = std::ranges::find_if(detectors, [&](const ComparedDetector& candidate) {
    return !reads_the_same(*candidate.detector, *first.detector);
  });
  if (other != detectors.end()) return *other;
  return detectors[detectors[0].index == first.index ? 1 : 0];
}

}  // namespace

PlotChoice plot_choice(std::span<const ComparedDetector> detectors,
                       std::span<const Detector* const> wanted) {
  PlotChoice choice;
  for (const Detector* detector : wanted) {
    choice.curves.push_back(find(detectors, *detector).index);
  }
  if (wanted.empty()) {
    for (std::size_t i = 0; i < detectors.size(); ++i) {
      const bool baseline = detectors[i].detector == &detectors::kBaseline;
      if (i < kCurves || baseline) choice.curves.push_back(detectors[i].index);
    }
  }
  if (detectors.size() < 2) return choice;
  if (wanted.size() > 1) {
    choice.scatter = {choice.curves[0], choice.curves[1]};
    return choice;
  }
  const ComparedDetector& first = wanted.empty() ? detectors[0] : find(detectors, *wanted[0]);
  choice.scatter = {first.index, partner_of(first, detectors).index};
  if (wanted.empty()) std::ranges::sort(*choice.scatter);
  return choice;
}

}  // namespace odin
