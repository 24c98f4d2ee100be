#include "eval/scoring/scores.h"

#include <algorithm>

#include "kernels/error.h"

namespace odin {

Scores::Scores(std::size_t parameters, std::span<const Detector* const> of_detectors)
    : detectors(of_detectors.begin(), of_detectors.end()) {
  for (const Detector* detector : detectors) {
    per_detector.emplace_back(detector->uses_odin_parameters ? parameters : 1);
  }
}

const std::vector<std::vector<double>>& Scores::per_parameters(const Detector& detector) const {
  const auto found = std::ranges::find(detectors, &detector);
  require(found != detectors.end(), "there are no scores of the detector {}", detector.name);
  return per_detector[static_cast<std::size_t>(found - detectors.begin())];
}

void Scores::append(const Scores& more) {
  if (predictions.empty()) {
    *this = more;
    return;
  }
  require(detectors == more.detectors, "scores of other detectors cannot follow");
  for (std::size_t d = 0; d < per_detector.size(); ++d) {
    require(per_detector[d].size() == more.per_detector[d].size(),
            "scores for {} parameters cannot follow scores for {}", more.per_detector[d].size(),
            per_detector[d].size());
    for (std::size_t p = 0; p < per_detector[d].size(); ++p) {
      const std::vector<double>& from = more.per_detector[d][p];
      per_detector[d][p].insert(per_detector[d][p].end(), from.begin(), from.end());
    }
  }
  predictions.insert(predictions.end(), more.predictions.begin(), more.predictions.end());
}

}  // namespace odin
