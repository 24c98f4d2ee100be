#include "eval/detection/calibrate.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

#include "eval/data/image_digest.h"
#include "eval/metrics/tpr_threshold.h"
#include "eval/scoring/search_grid.h"
#include "kernels/error.h"

namespace odin {
namespace {

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

}  // namespace

std::vector<double> default_magnitudes() {
  std::vector<double> magnitudes = paper_grid().magnitudes;
  for (const double larger : {0.0025, 0.005, 0.01, 0.02, 0.04, 0.08}) magnitudes.push_back(larger);
  std::sort(magnitudes.begin(), magnitudes.end());
  return magnitudes;
}

DetectorSettings calibrate(Scorer& scorer, const NamedDataset& images,
                           const CalibrationRequest& request, const ScoringOptions& options,
                           Progress& progress) {
  const Detector& score = *request.score;
  require(images.images->size() > 0, "a threshold needs at least one image");
  require((score.fit != nullptr) == (request.training != nullptr),
          "the score {} {} before its threshold is set", score.name,
          score.fit != nullptr ? "must be fitted" : "cannot be fitted");
  std::vector<OdinParameters> parameters;
  if (score.uses_odin_parameters) {
    for (const double magnitude : request.magnitudes) {
      parameters.push_back({request.parameters.temperature, magnitude});
    }
    if (parameters.empty()) parameters.push_back(request.parameters);
  } else {
    require(request.magnitudes.empty(), "the score {} has no magnitude that could be chosen",
            score.name);
  }

  const Scores scores = score_set(scorer, images, parameters, options, progress);
  DetectorSettings settings;
  settings.score = score.name;
  settings.tpr = request.tpr;
  std::size_t chosen = 0;
  if (!request.magnitudes.empty()) {
    settings.magnitudes = request.magnitudes;
    for (const std::vector<double>& values : scores.per_parameters(score)) {
      settings.mean_scores.push_back(mean(values));
    }
    const auto& means = settings.mean_scores;
    for (std::size_t i = 1; i < means.size(); ++i) {
      const bool smaller = settings.magnitudes[i] < settings.magnitudes[chosen];
      if (means[i] > means[chosen] || (means[i] == means[chosen] && smaller)) chosen = i;
    }
  }
  if (score.uses_odin_parameters) {
    settings.temperature = parameters[chosen].temperature;
    settings.magnitude = parameters[chosen].magnitude;
  }
  const TprThreshold found = tpr_threshold(scores.of(score, chosen), request.tpr);
  settings.threshold = found.threshold;
  settings.tpr_low = found.tpr.low;
  settings.tpr_high = found.tpr.high;
  settings.images = images.images->size();
  settings.images_name = images.display_name;
  settings.images_sha256 = sha256_of(*images.images, options.threads);
  if (request.training != nullptr) {
    settings.training_images = static_cast<std::int64_t>(request.training->images);
    settings.training_images_name = request.training->name;
    settings.training_images_sha256 = request.training->sha256;
  }
  return settings;
}

}  // namespace odin
