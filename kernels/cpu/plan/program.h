// A plan made ready for one instruction set: kernel calls, and a layout of the memory they share.
#pragma once

#include <cstddef>
#include <deque>
#include <limits>
#include <vector>

#include "kernels/cpu/micro/kernel_table.h"
#include "kernels/cpu/plan/plan_executor.h"
#include "kernels/plan.h"

namespace odin::cpu {

inline constexpr std::size_t kNowhere = std::numeric_limits<std::size_t>::max();

// Where a slice begins in a worker's memory.
struct Place {
  std::size_t at = kNowhere;  // in floats
  // One place for every image of the group; else only for those of a segment's subgroup, and the
  // next subgroup takes the same place.
  bool whole_group = false;
};

// One kernel call. The tasks lack the addresses and the number of images.
struct Operation {
  enum class Kind { kConvolution, kPlanes, kClear, kLinear, kLinearBackward };
  Kind kind = Kind::kConvolution;
  bool forward = false;  // a ReLU's bits are written, not read
  void (*convolution)(const ConvolutionTask&) = nullptr;
  ConvolutionTask convolution_task;
  void (*planes)(const PlaneTask&) = nullptr;
  PlaneTask planes_task;  // kClear and the linear ones: `out` or `in`, channels and extent
  Place in, out, residual;
  std::size_t in_bits = kNowhere;  // in words
  std::size_t out_bits = kNowhere;
  std::size_t weights = kNowhere;  // in the packed weights, in floats
};

// Steps that follow each other and are run on the same number of images at a time.
struct Segment {
  int images = 1;
  std::vector<Operation> forward;
  std::vector<Operation> backward;  // in the order in which they are run
};

// A matrix of weights to be packed.
struct Packing {
  std::size_t at = 0;  // in the packed weights
  bool winograd = false;
  WeightMatrix matrix;           // points into the plan
  std::vector<float> row_scale;  // one per row, or empty
};

struct Program {
  std::vector<Segment> segments;
  int group = 1;  // images that a worker carries through all segments together
  bool uses_winograd = false;
  Place input;
  Planes input_planes;  // strides only

  // A worker's memory, in floats: the buffers' values, in whose places their gradients are later;
  // the bits; workspace.
  std::size_t buffer_floats = 0;
  std::size_t bit_words = 0;
  std::size_t workspace_floats = 0;

  std::size_t weight_floats = 0;
  std::vector<Packing> packings;
  // Scales, shifts and biases, and the weights of the classifier: the operations point in here.
  std::deque<std::vector<float>> vectors;
};

// `plan` must stay as it is until the weights are packed.
Program make_program(const Plan& plan, const KernelTable& kernels,
                     ConvolutionAlgorithm convolution);

}  // namespace odin::cpu
