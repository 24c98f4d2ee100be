// What the contract of kernels/backend.h promises on every device, the emulated one included.
#pragma once

#include <functional>

#include "tests/kernels/operation_run.h"

namespace odin::test {

// Operations that a device can run; all, if empty.
using Supports = std::function<bool(const Operation&)>;

// CHECKs every operation with each subset of its gradients passed as empty views: those stay as
// they were, and the others are what they are when all are wanted, and within `tolerance`
// (relative, of a whole tensor) of the reference's.
void check_unwanted_gradients(Backend& backend, double tolerance, const Supports& supports = {});

// CHECKs every operation on no images: nothing changes, and statistics of nothing throw Error.
void check_no_images(Backend& backend, const Supports& supports = {});

}  // namespace odin::test
