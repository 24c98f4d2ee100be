#include "tools/conversion/input_description.h"

#include <cstddef>

#include "kernels/error.h"
#include "tools/in_datasets.h"
#include "weights/files/printable.h"

namespace odin::pytorch {

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
    const int channels = checkpoint.architecture.image.channels;
    const auto mean = for_channels(known->mean, channels);
    const auto std = for_channels(known->std, channels);
    require(
        (mean || !given.mean.empty()) && (std || !given.std.empty()),
        "give the mean and the deviation of the images: those of {} are not known for {} channels",
        known->name, channels);
    if (mean) checkpoint.mean = *mean;
    if (std) checkpoint.std = *std;
    checkpoint.class_names = known->class_names;
  }
  if (!given.mean.empty()) checkpoint.mean = given.mean;
  if (!given.std.empty()) checkpoint.std = given.std;
  const auto channels = static_cast<std::size_t>(checkpoint.architecture.image.channels);
  const auto check = [&](const std::vector<float>& values, const char* what) {
    require(values.size() == channels, "the {} has {} values, but the images have {} channels",
            what, values.size(), channels);
  };
  check(checkpoint.mean, "mean");
  check(checkpoint.std, "deviation");
  if (!given.class_names.empty()) {
    require(given.class_names.size() == classes,
            "there are {} class names, but the network has {} classes", given.class_names.size(),
            classes);
    checkpoint.class_names = given.class_names;
  }
}

}  // namespace odin::pytorch
