// An opened PyTorch checkpoint. This is the interface of the folder; the rest is its parts.
#pragma once

#include <string>

#include "nn/architecture.h"
#include "nn/parameters.h"
#include "tools/pytorch/container.h"
#include "tools/pytorch/find_network.h"

namespace odin::pytorch {

class NetworkFile {
 public:
  // Reads the structure of the file, but no elements of tensors. Throws Error, without the file's
  // name, if the file is not a checkpoint, damaged, or malicious.
  explicit NetworkFile(const SharedSource& file);

  const std::string& container() const { return contents_.container; }
  const SavedNetwork& network() const { return network_; }
  // Throws Error if it is not one of our networks.
  Architecture architecture() const;
  // The parameters and buffers of the architecture, as floats. Throws Error if it is not one of our
  // networks, if a tensor cannot be converted, or if views unfold to more than the file holds.
  ParameterMap parameters() const;

 private:
  Contents contents_;
  SavedNetwork network_;
};

}  // namespace odin::pytorch
