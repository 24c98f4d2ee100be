// The table of operations. Adding an operation to the library is adding a row here: the gradient
// check and the comparison of back ends go through all rows.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "kernels/backend.h"

namespace odin::test {

enum class Role {
  kInput,     // read; d<name> is a gradient that the backward pass adds to
  kConstant,  // read; no gradient
  kState,     // changed by the forward pass
  kOutput,    // written by the forward pass; d<name> is given to the backward pass
  kSaved      // written by the forward pass; no gradient
};

enum class Values {
  kNormal,        // standard normal
  kAwayFromZero,  // of magnitude 0.1 and more: no central difference steps across a ReLU's kink
  kPositive,      // 0.5 to 1.5
  kLabels,        // 0, 1, 2, 3, int32
  kBytes,         // 0 to 255, uint8
  kConstant       // 1.75
};

struct Operand {
  std::string name;
  Role role;
  Shape shape;
  Values values = Values::kNormal;  // of a kOutput: those of its gradient
  bool dense = true;                // false: it may be a slice of a wider buffer
};

class Run;

struct Operation {
  std::string name;
  std::vector<Operand> operands;
  std::function<void(Backend&, Run&)> forward;
  std::function<void(Backend&, Run&)> backward;  // empty: the operation has none
  bool needs_images = false;                     // an empty batch is an error
};

// Every operation, on small odd shapes of `images` images.
std::vector<Operation> operations(std::int64_t images);
// Convolutions of every kernel, stride and padding on `images` images of 7 x 5 pixels.
std::vector<Operation> convolutions(std::int64_t images);
// Shapes that reach the special paths of fast back ends; too large for central differences.
std::vector<Operation> large_operations();

// Whether it is no convolution, or one as high as wide: our own on CUDA take no others.
bool has_square_kernel(const Operation& operation);

}  // namespace odin::test
