// What a program consists of: calls of kernels, each with the places of its operands in memory.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <variant>

#include "kernels/cpu/micro/kernel_table.h"
#include "kernels/cpu/plan/memory_layout.h"

namespace odin::cpu {

// The tasks below lack what a CallSite supplies: the number of images and all addresses in a
// worker's memory or in the packed weights. Scales, shifts and biases are pointers into the
// program.

struct ConvolutionCall {
  void (*kernel)(const ConvolutionTask&) = nullptr;
  ConvolutionTask task;
  std::size_t weights = 0;  // floats from the beginning of the packed weights
  PlacedPlanes in;
  PlacedPlanes out;
  std::optional<PlacedPlanes> residual;
  std::optional<PlacedMask> in_mask;
  std::optional<PlacedMask> out_mask;
};

// A pool, a normalisation or an addition, forward or backward.
struct PlanesCall {
  void (*kernel)(const PlaneTask&) = nullptr;
  PlaneTask task;
  PlacedPlanes in;
  PlacedPlanes out;
  std::optional<PlacedMask> mask;
};

// Sets a slice of a gradient to zero.
struct ClearCall {
  PlacedPlanes gradient;
  std::size_t floats = 0;  // of one image
};

// The classifier: logits = weights x + bias, x flattened (C, H, W).
struct LinearCall {
  PlacedPlanes in;
  int channels = 0;
  int pixels = 0;                  // H x W
  const float* weights = nullptr;  // (classes, C H W)
  const float* bias = nullptr;     // (classes)
};

// The gradient of ODIN's objective in the classifier's input. Each image's is scaled so that the
// largest gradient of a logit is 1.
struct LinearBackwardCall {
  PlacedPlanes gradient;
  int channels = 0;
  int pixels = 0;
  const float* weights = nullptr;
  bool accumulate = false;  // adds to what is there
};

using KernelCall =
    std::variant<ConvolutionCall, PlanesCall, ClearCall, LinearCall, LinearBackwardCall>;

// Where a call runs: a worker's memory, and images [first, first + images) of the worker's group.
struct CallSite {
  float* buffers = nullptr;
  std::byte* masks = nullptr;
  int word_bytes = 0;
  float* workspace = nullptr;
  const float* weights = nullptr;
  std::size_t first = 0;
  std::size_t images = 0;
  // Whether a forward pass writes masks, for a backward pass to read. A backward pass sets it.
  bool keeps_masks = false;
  float* logits = nullptr;  // (images, classes), of image `first`
  // (images, C H W), of image `first`: a copy of the classifier's input. Null: not wanted.
  float* features = nullptr;
  std::size_t classes = 0;
  OdinObjective objective = OdinObjective::kCrossEntropy;
  double temperature = 1;
  std::span<double> logit_gradients;  // (classes): memory for one image's
};

// Runs a kernel. Allocates nothing.
void execute(const KernelCall& call, const CallSite& site);

}  // namespace odin::cpu
