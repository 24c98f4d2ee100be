// Finds the named tensors of a network in what PyTorch saved.
#pragma once

#include <string>

#include "tools/pytorch/container.h"
#include "tools/tensors/saved_network.h"

namespace odin::pytorch {

// Finds the network: a whole module (its _modules, _parameters and _buffers) or a state dict, which
// may be under any keys of dicts in dicts. An optimizer's state is none. If there are several,
// `key` chooses one: the keys that lead to it, joined with dots, or the first of them if they lead
// to no other network. What follows them may be a prefix of names. The prefixes "module." of
// DataParallel and
// "_orig_mod." of torch.compile are dropped from the names, and the counters `num_batches_tracked`
// altogether.
//
// Throws Error if there is no network or it is invalid, and, listing them, if there are several and
// `key` is empty or not one of theirs.
SavedNetwork find_network(const Contents& contents, const std::string& key = "");

}  // namespace odin::pytorch
