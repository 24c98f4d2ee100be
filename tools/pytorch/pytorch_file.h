// A checkpoint of PyTorch, opened: the one entry into this folder.
#pragma once

#include <string>

#include "nn/architecture.h"
#include "nn/parameters.h"
#include "tools/pytorch/container.h"
#include "tools/pytorch/saved_network.h"

namespace odin::pytorch {

class PytorchFile {
 public:
  // Reads the structure of the file: of what its tensors hold, nothing. Throws Error, without the
  // name of the file, where it is no checkpoint, damaged, or made to do harm.
  explicit PytorchFile(const SharedSource& file);

  const std::string& container() const { return contents_.container; }
  const SavedNetwork& network() const { return network_; }
  // Throws Error where the network is none of ours.
  Architecture architecture() const;
  // The parameters and buffers of the architecture, as floats. Throws Error where there is none,
  // where a tensor cannot be converted, or where they are views that unfold to more than the file
  // holds.
  ParameterMap parameters() const;

 private:
  Contents contents_;
  SavedNetwork network_;
};

}  // namespace odin::pytorch
