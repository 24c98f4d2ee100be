// 1x1 convolution, stride 1: a matrix product, with the prologue in the packing of its operand.
#pragma once

#include "kernels/cpu/gemm.h"

namespace odin::cpu::ODIN_KERNELS {
namespace {

template <Load kLoad>
void pointwise(const ConvolutionTask& task) {
  const long vectors = vectors_of(static_cast<long>(task.in_height) * task.in_width);
  float* panel = task.workspace;
  for (int image = 0; image < task.images; ++image) {
    for (long v = 0; v < vectors; v += kVectors) {
      const int width = vectors - v < kVectors ? static_cast<int>(vectors - v) : kVectors;
      for (int c = 0; c < task.in_channels; ++c) {
        const float* from = plane_at(task.in, image, c) + v * kLanes;
        Word* bits = bits_at(task.in_bits, image, c);
        if (bits != nullptr) bits += v;
        Vector scale{}, shift{};
        if constexpr (kLoad == Load::kNormalise) {
          scale = splat(task.scale[c]);
          shift = splat(task.shift[c]);
        }
        for (int u = 0; u < width; ++u) {
          store(panel + c * kPanel + u * kLanes,
                take<kLoad>(from + u * kLanes, bits == nullptr ? nullptr : bits + u, scale, shift));
        }
      }
      multiply_panel(task.weights, task.out_channels, panel, task.in_channels, width,
                     destination_of(task, image, v));
    }
  }
}

inline void run_pointwise(const ConvolutionTask& task) {
  with_load(task.load, [&](auto tag) { pointwise<decltype(tag)::value>(task); });
}

inline long pointwise_workspace(const ConvolutionTask& task) {
  return padded(static_cast<long>(task.in_channels) * kPanel);
}

}  // namespace
}  // namespace odin::cpu::ODIN_KERNELS
