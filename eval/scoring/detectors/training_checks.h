// What detectors require of the training images that they are fitted on, and share in fitting.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "eval/scoring/detector.h"

namespace odin {

// How many images there are. Throws Error if there is none, if a feature or logit is not finite,
// and if the numbers of features, logits and of the classifier's values do not fit each other.
std::size_t count_training_images(const TrainingOutputs& training);

// The classes of the images. Throws Error if they are not known, or one is not a class of the
// network.
std::span<const std::int32_t> require_labels(const TrainingOutputs& training);

// Stands for none in a list of images' classes.
inline constexpr std::int32_t kNoClass = -1;

// Throws Error if a class has no image: `what` images of a class are, "predicted as" say.
void require_every_class(std::span<const std::int32_t> class_of, std::size_t classes,
                         const char* what);

// The class that the network predicts for each image: the first one of the largest logit.
std::vector<std::int32_t> predicted_classes(const NetworkOutputs& outputs, std::size_t images);

// The percentile of values that are not sorted, between 0 and 100, by linear interpolation between
// the two nearest as numpy.percentile does by default. There is at least one value.
double percentile_of(std::vector<float> values, double percent);
double percentile_of(std::vector<double> values, double percent);

}  // namespace odin
