// The table of operations. An operation that is added to the library gets a row here: the gradient
// check, the contract checks and the comparison of back ends go through all rows.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "kernels/backend.h"

namespace odin::test {

enum class Role {
  kInput,     // read; the backward pass adds to its gradient d<name>
  kConstant,  // read; no gradient
  kState,     // changed by the forward pass
  kOutput,    // written by the forward pass; its gradient d<name> is given to the backward pass
  kSaved      // written by the forward pass; no gradient
};

enum class Values {
  kNormal,        // standard normal
  kAwayFromZero,  // at least 0.1 from zero: no central difference steps across a ReLU's kink
  kPositive,      // 0.5 to 1.5
  kLabels,        // 0, 1, 2, 3, int32
  kBytes,         // 0 to 255, uint8
  kConstant       // 1.75
};

struct Operand {
  std::string name;
  Role role;
  Shape shape;
  Values values = Values::kNormal;  // for a kOutput: those of its gradient
  bool dense = true;                // false: it may be a slice of a wider buffer
};

class Run;

struct Operation {
  std::string name;
  std::vector<Operand> operands;
  std::function<void(Backend&, Run&)> forward;
  std::function<void(Backend&, Run&)> backward;  // empty if the operation has none
  bool needs_images = false;                     // an empty batch is an error
};

// Every operation, on small odd shapes of `images` images.
std::vector<Operation> operations(std::int64_t images);
// Convolutions of every kernel, stride and padding on `images` images of 7 x 5 pixels.
std::vector<Operation> convolutions(std::int64_t images);
// Shapes that reach the special paths of fast back ends. They are too large for central
// differences.
std::vector<Operation> large_operations();

// Whether it is not a convolution, or one with a square kernel: our own on CUDA take no others.
bool has_square_kernel(const Operation& operation);

}  // namespace odin::test
