// Finds the named tensors of a network in what PyTorch saved.
#pragma once

#include "tools/pytorch/container.h"
#include "tools/tensors/saved_network.h"

namespace odin::pytorch {

// Finds the network: a whole module (its _modules, _parameters and _buffers), a state dict, or a
// dict with one of these under `state_dict`, `model` or `net`. The prefixes "module." of
// DataParallel and "_orig_mod." of torch.compile are dropped from the names, and the counters
// `num_batches_tracked` altogether. Throws Error if there is no network or it is invalid.
SavedNetwork find_network(const Contents& contents);

}  // namespace odin::pytorch
