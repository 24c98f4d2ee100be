// Finds the named tensors of a network in what PyTorch saved.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tools/pytorch/container.h"
#include "tools/pytorch/tensor.h"

namespace odin::pytorch {

struct NamedTensor {
  std::string name;  // as in state_dict(), "block1.layer.0.bn1.weight"
  Tensor tensor;
};

struct SavedNetwork {
  std::string kind;                  // "a module of class densenet.DenseNet3" or "a state dict"
  std::vector<NamedTensor> tensors;  // in the order of the file, no name twice
  // What a training script saved with the network: key, and value in words.
  std::vector<std::pair<std::string, std::string>> others;
};

// Finds the network: a whole module (its _modules, _parameters and _buffers), a state dict, or a
// dict with one of these under `state_dict`, `model` or `net`. The prefixes "module." of
// DataParallel and "_orig_mod." of torch.compile are dropped from the names, and the counters
// `num_batches_tracked` altogether. Throws Error if there is no network or it is invalid.
SavedNetwork find_network(const Contents& contents);

}  // namespace odin::pytorch
