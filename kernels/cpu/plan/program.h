// A plan made ready for one instruction set: kernel calls, and the layout of the memory they share.
#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "kernels/cpu/caches.h"
#include "kernels/cpu/micro/kernel_table.h"
#include "kernels/cpu/plan/kernel_calls.h"
#include "kernels/cpu/plan/memory_layout.h"
#include "kernels/cpu/plan/plan_executor.h"
#include "kernels/plan.h"

namespace odin::cpu {

// The calls of a segment's steps, in the order in which they run.
struct Segment {
  int images = 1;  // at a time
  std::vector<KernelCall> forward;
  std::vector<KernelCall> backward;
};

// A matrix of weights to be packed.
struct Packing {
  std::size_t at = 0;  // floats from the beginning of the packed weights
  bool winograd = false;
  int stride = 1;                // of the convolution
  WeightMatrix matrix;           // points into the plan
  std::vector<float> row_scale;  // one per row, or empty
};

// Can be moved, but not copied: calls point into `vectors`.
struct Program {
  Program(MemoryLayout layout, int images) : memory(std::move(layout)), group(images) {}
  Program(Program&&) = default;
  Program& operator=(Program&&) = default;

  std::vector<Segment> segments;
  MemoryLayout memory;
  int group;           // images that a worker carries through all segments together
  PlacedPlanes input;  // where the image goes
  bool uses_winograd = false;

  std::size_t weight_floats = 0;  // when they are packed
  std::vector<Packing> packings;
  // Scales, shifts and biases, and the weights of the classifier.
  std::deque<std::vector<float>> vectors;
};

// `plan` must stay as it is until the weights are packed.
Program make_program(const Plan& plan, const KernelTable& kernels, ConvolutionAlgorithm convolution,
                     const Blocks& blocks);

}  // namespace odin::cpu
