// Back ends by the name a user gives: "auto", "cpu", "cuda", "cuda:1".
#pragma once

#include <memory>
#include <string_view>

#include "kernels/backend.h"

namespace odin {

// "auto" takes a GPU where there is one that can be used, else the CPU. `threads` is of the CPU: 0
// takes all cores that this process may use. Throws Error where the device does not exist or this
// build cannot use it.
std::unique_ptr<Backend> make_backend(std::string_view device, int threads = 0);

}  // namespace odin
