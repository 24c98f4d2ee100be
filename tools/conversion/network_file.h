// An opened file of someone else's network: what torch.save wrote, or a safetensors file.
#pragma once

#include <cstdint>
#include <string>

#include "nn/architecture.h"
#include "nn/parameters.h"
#include "tools/conversion/parameter_names.h"
#include "tools/tensors/saved_network.h"
#include "weights/files/byte_source.h"

namespace odin::pytorch {

class NetworkFile {
 public:
  // Reads the structure of the file, but no elements of tensors. If it holds several networks,
  // `key` chooses one (see find_network()). Throws Error, without the file's name, if the file is
  // of another kind, damaged, or malicious.
  explicit NetworkFile(const SharedSource& file, const std::string& key = "");

  const std::string& container() const { return container_; }
  const SavedNetwork& network() const { return network_; }
  // Which tensors are the parameters of one of our networks. Throws Error if that is not clear.
  Naming naming() const;
  // Throws Error if it is not one of our networks.
  Architecture architecture() const;
  // The parameters and buffers of the architecture, as floats. Throws Error if it is not one of our
  // networks, if a tensor cannot be converted, or if views unfold to more than the file holds.
  ParameterMap parameters() const;

 private:
  std::string container_;
  std::uint64_t stored_elements_ = 0;
  SavedNetwork network_;
};

}  // namespace odin::pytorch
