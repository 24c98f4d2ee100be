// Networks of PyTorch in the memory of a Python program.
#pragma once

#include <string>

#include <nanobind/nanobind.h>

#include "tools/conversion/input_description.h"
#include "weights/checkpoint.h"

namespace odin::python {

// A checkpoint with the tensors of a state dict, or of a module that has one: a mapping from names
// to tensors of PyTorch or arrays of NumPy, on any device. `key` chooses those whose names begin
// with it and a dot. `image_size` is the side of the images, which no tensor tells; the channels
// follow from the first convolution. Warns of tensors that are no part of the network. Throws
// TypeError for another object and Error for another network.
Checkpoint checkpoint_from(const nanobind::object& state_dict, const std::string& key,
                           int image_size, const pytorch::InputDescription& inputs);

}  // namespace odin::python
