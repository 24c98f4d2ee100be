// What the tensors of a network do not say: how its images are normalised, and what its classes are
// called.
#pragma once

#include <string>
#include <vector>

#include "weights/checkpoint.h"

namespace odin::pytorch {

// What is empty is taken from the data set, if that is a known one (tools/in_datasets.h).
struct InputDescription {
  std::string in_dataset;                // that the network was trained on, by any name
  std::vector<float> mean;               // of pixels in 0..1, per channel
  std::vector<float> std;                // likewise
  std::vector<std::string> class_names;  // one per class
};

// Describes the inputs of a checkpoint whose architecture is known. Throws Error if the mean or the
// deviation is neither given nor known, and if the numbers of channels or classes are not the
// network's.
void describe_inputs(const InputDescription& given, Checkpoint& checkpoint);

}  // namespace odin::pytorch
