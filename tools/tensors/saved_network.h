// The named tensors of a network, as the readers of all kinds of files give them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/tensors/tensor.h"

namespace odin::pytorch {

struct NamedTensor {
  std::string name;  // as in state_dict(), "block1.layer.0.bn1.weight"
  Tensor tensor;
};

// Whether this is the counter of a batch norm's training steps, which no evaluation needs. Networks
// are read without these.
inline bool is_batch_counter(std::string_view name) {
  return name.ends_with("num_batches_tracked");
}

struct SavedNetwork {
  std::string kind;                  // "a module of class densenet.DenseNet3" or "a state dict"
  std::vector<NamedTensor> tensors;  // in the order of the file, no name twice
  // What a training script saved with the network: key, and value in words.
  std::vector<std::pair<std::string, std::string>> others;
};

// Whether the name of a tensor begins with `prefix` and a dot.
bool has_prefix(const SavedNetwork& network, std::string_view prefix);

// Keeps the tensors whose names begin with `prefix` and a dot, and drops both from the names.
// Throws Error if there is none.
void keep_prefix(SavedNetwork& network, std::string_view prefix);

}  // namespace odin::pytorch
