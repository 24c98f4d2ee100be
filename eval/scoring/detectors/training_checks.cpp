#include "eval/scoring/detectors/training_checks.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "kernels/error.h"

namespace odin {
namespace {

void require_finite_values(std::span<const float> values, const char* what) {
  require(std::ranges::all_of(values, [](float value) { return std::isfinite(value); }),
          "a {} of the training images is not finite: check the weights", what);
}

template <class Value>
double percentile(std::vector<Value> values, double percent) {
  const double place = static_cast<double>(values.size() - 1) * percent / 100;
  const auto below = static_cast<std::size_t>(place);
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(below);
  std::nth_element(values.begin(), middle, values.end());
  const double low = *middle;
  if (below + 1 == values.size()) return low;
  const double high = *std::min_element(middle + 1, values.end());
  return low + (high - low) * (place - static_cast<double>(below));
}

}  // namespace

std::size_t count_training_images(const TrainingOutputs& training) {
  const NetworkOutputs& outputs = training.outputs;
  require(outputs.classes > 0 && outputs.feature_count > 0,
          "a fit needs classes and features, but there are {} and {}", outputs.classes,
          outputs.feature_count);
  const auto classes = static_cast<std::size_t>(outputs.classes);
  const auto width = static_cast<std::size_t>(outputs.feature_count);
  const std::size_t images = outputs.features.size() / width;
  require(images > 0, "there are no training images to fit on");
  require(
      outputs.features.size() == images * width && outputs.logits.size() == images * classes,
      "{} features and {} logits are not those of training images with {} features and {} classes",
      outputs.features.size(), outputs.logits.size(), width, classes);
  require(outputs.weights.size() == classes * width && outputs.bias.size() == classes,
          "{} weights and {} biases are not those of {} classes and {} features",
          outputs.weights.size(), outputs.bias.size(), classes, width);
  require_finite_values(outputs.features, "feature");
  require_finite_values(outputs.logits, "logit");
  return images;
}

std::span<const std::int32_t> require_labels(const TrainingOutputs& training) {
  const std::size_t images = count_training_images(training);
  require(!training.labels.empty(),
          "the classes of the training images are not known: give images with their classes");
  require(training.labels.size() == images, "{} training images have {} classes", images,
          training.labels.size());
  for (const std::int32_t label : training.labels) {
    require(label >= 0 && label < training.outputs.classes,
            "a training image has class {}, but the network has {} classes", label,
            training.outputs.classes);
  }
  return training.labels;
}

void require_every_class(std::span<const std::int32_t> class_of, std::size_t classes,
                         const char* what) {
  std::vector<bool> seen(classes, false);
  for (const std::int32_t label : class_of) {
    if (label != kNoClass) seen[static_cast<std::size_t>(label)] = true;
  }
  const auto unseen = std::ranges::find(seen, false);
  require(unseen == seen.end(),
          "no training image is {} class {}, but some of every class are needed: give more images",
          what, unseen - seen.begin());
}

std::vector<std::int32_t> predicted_classes(const NetworkOutputs& outputs, std::size_t images) {
  const auto classes = static_cast<std::size_t>(outputs.classes);
  std::vector<std::int32_t> predicted(images);
  for (std::size_t i = 0; i < images; ++i) {
    const auto row = outputs.logits.subspan(i * classes, classes);
    predicted[i] = static_cast<std::int32_t>(std::ranges::max_element(row) - row.begin());
  }
  return predicted;
}

double percentile_of(std::vector<float> values, double percent) {
  return percentile(std::move(values), percent);
}

double percentile_of(std::vector<double> values, double percent) {
  return percentile(std::move(values), percent);
}

}  // namespace odin
