// The usual training data sets: normalisation of pixels, and class names.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace odin {

struct InDataset {
  std::string_view name;                 // as on the command line
  std::array<float, 3> mean;             // of pixels in 0..1
  std::array<float, 3> std;              // of pixels in 0..1
  std::vector<std::string> class_names;  // in the order of the labels
};

// All known ones: cifar10, cifar100 and fashion_mnist.
const std::vector<InDataset>& known_in_datasets();

// The data set of that name, or nullptr.
const InDataset* find_in_dataset(std::string_view name);

}  // namespace odin
