// The usual training data sets: normalisation of pixels, and class names.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace odin {

struct InDataset {
  std::string_view name;    // as on the command line
  std::vector<float> mean;  // of pixels in 0..1, of the set's channels: one if it is grey
  std::vector<float> std;   // likewise
  std::vector<std::string> class_names;  // in the order of the labels
};

// All known ones: cifar10, cifar100 and fashion_mnist.
const std::vector<InDataset>& known_in_datasets();

// The data set of that name, or nullptr.
const InDataset* find_in_dataset(std::string_view name);

// The values, mean or deviation, of a set for images with `channels` channels: those of grey are
// the same in all. None where colour becomes grey, whose deviation does not follow from the
// channels'.
std::optional<std::vector<float>> for_channels(const std::vector<float>& values, int channels);

}  // namespace odin
