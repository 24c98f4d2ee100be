// Objects of a pickle that hold no network, in words.
#pragma once

#include <string>

#include "tools/pytorch/container.h"

namespace odin::pytorch {

// What an object is, and what to save instead: "it holds a single tensor of shape (3, 2), not a
// network: save ...". For a dict, the caller has found no network in it. Throws Error if its
// objects hold one another in too many ways.
std::string why_no_network(const Contents& contents, const PickleNode* object);

}  // namespace odin::pytorch
