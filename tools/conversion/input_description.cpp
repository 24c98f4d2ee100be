#include "tools/conversion/input_description.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "kernels/error.h"
#include "tools/in_datasets.h"
#include "weights/files/printable.h"

namespace odin::pytorch {
namespace {

std::array<float, 3> channels(const std::vector<float>& values, const char* what) {
  require(values.size() == kImageChannels, "the {} has {} values, but images have {} channels",
          what, values.size(), kImageChannels);
  return {values[0], values[1], values[2]};
}

}  // namespace

void describe_inputs(const InputDescription& given, Checkpoint& checkpoint) {
  const InDataset* known = find_in_dataset(given.in_dataset);
  require(known != nullptr || (!given.mean.empty() && !given.std.empty()),
          "give the mean and the deviation of the images: the data set '{}' is not a known one",
          printable(given.in_dataset));
  const auto classes = static_cast<std::size_t>(num_classes(checkpoint.architecture));
  checkpoint.in_dataset = given.in_dataset;
  if (known != nullptr) {
    require(known->class_names.size() == classes, "the network has {} classes, but {} has {}",
            classes, known->name, known->class_names.size());
    checkpoint.mean = known->mean;
    checkpoint.std = known->std;
    checkpoint.class_names = known->class_names;
  }
  if (!given.mean.empty()) checkpoint.mean = channels(given.mean, "mean");
  if (!given.std.empty()) checkpoint.std = channels(given.std, "deviation");
  if (!given.class_names.empty()) {
    require(given.class_names.size() == classes,
            "there are {} class names, but the network has {} classes", given.class_names.size(),
            classes);
    checkpoint.class_names = given.class_names;
  }
}

}  // namespace odin::pytorch
