// SHE: the product of the features h before the classifier and the pattern of the predicted class
// c',
//
//   S = h . m_c',    m_c the mean features of the training images that the network recognises as
//   class c
//
// Zhang et al., "Out-of-distribution detection based on in-distribution data patterns memorization
// with modern Hopfield energy", ICLR 2023, section 3.2, equation 7. Fit: `patterns` (classes,
// features).
#include <vector>

#include "eval/scoring/detectors/covariance.h"
#include "eval/scoring/detectors/double_rows.h"
#include "eval/scoring/detectors/feature_rows.h"
#include "eval/scoring/detectors/logit_rows.h"
#include "eval/scoring/detectors/registry.h"
#include "eval/scoring/detectors/training_checks.h"

namespace odin {
namespace {

DetectorFit fit(const TrainingOutputs& training) {
  const auto labels = require_labels(training);
  const NetworkOutputs& outputs = training.outputs;
  const auto classes = static_cast<std::size_t>(outputs.classes);
  const auto width = static_cast<std::size_t>(outputs.feature_count);
  std::vector<std::int32_t> recognised = predicted_classes(outputs, labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (recognised[i] != labels[i]) recognised[i] = kNoClass;
  }
  require_every_class(recognised, classes, "recognised as");
  return {.numbers = {{"patterns", class_means(outputs.features, width, recognised, classes)}}};
}

void score(const NetworkOutputs& outputs, std::span<double> scores) {
  require_feature_rows(outputs, scores.size());
  const auto classes = static_cast<std::size_t>(outputs.classes);
  const auto width = static_cast<std::size_t>(outputs.feature_count);
  const auto patterns = fitted_numbers(outputs.fit, "patterns", classes * width);
  // First the predicted class, in each score's place.
  score_logit_rows(outputs.logits, outputs.classes, scores, place_of_largest);
  for (std::size_t image = 0; image < scores.size(); ++image) {
    const auto label = static_cast<std::size_t>(scores[image]);
    scores[image] = inner_product(patterns.subspan(label * width, width),
                                  outputs.features.subspan(image * width, width));
  }
}

}  // namespace

constexpr Detector detectors::kShe{
    .name = "she",
    .title = "SHE",
    .heading = "SHE",
    .score_file = "She",
    .paper = "Zhang et al., ICLR 2023",
    .score = score,
    .fit = fit,
    .uses_features = true,
};

}  // namespace odin
