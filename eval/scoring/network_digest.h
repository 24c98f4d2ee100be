// What identifies the outputs of a network on a device.
#pragma once

#include <cstdint>
#include <string_view>

#include "weights/checkpoint.h"

namespace odin {

// A hash of the network, the normalisation of its images, and `device`, which is what runs it, as
// given by Scorer::description().
std::uint64_t digest_of(const Checkpoint& checkpoint, std::string_view device);

}  // namespace odin
