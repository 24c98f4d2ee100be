// 1x1 convolution, stride 1: a matrix product. The prologue is applied while its operand is packed.
#pragma once

#include "kernels/cpu/micro/gemm.h"

namespace odin::cpu::ODIN_KERNELS {
namespace {

// Panels that are packed together. So packing uses whole, neighbouring cache lines of every plane,
// and a block of weights is used for all these panels while it is in the first-level cache.
constexpr int kStripPanels = 64 / kPanel;
constexpr int kStripVectors = kStripPanels * kVectors;

// Packs vectors [v, v + count) of every input plane into `strip`, [panel][channel][kPanel].
template <Load kLoad>
ODIN_INLINE void pack_strip(const ConvolutionTask& task, int image, long v, int count,
                            float* strip) {
  const long panel = static_cast<long>(task.in_channels) * kPanel;
  const float* from = plane_at(task.in, image, 0) + v * kLanes;
  Word* mask = mask_at(task.in_mask, image, 0);
  if (mask != nullptr) mask += v;
  for (int c = 0; c < task.in_channels; ++c, from += task.in.plane, strip += kPanel) {
    Vector scale{}, shift{};
    if constexpr (kLoad == Load::kNormalise) {
      scale = splat(task.scale[c]);
      shift = splat(task.shift[c]);
    }
#pragma GCC unroll 16
    for (int u = 0; u < count; ++u) {
      store(strip + u / kVectors * panel + u % kVectors * kLanes,
            take<kLoad>(from + u * kLanes, mask, u, scale, shift));
    }
    if (mask != nullptr) mask += task.in_mask.plane;
  }
}

template <Load kLoad>
void pointwise(const ConvolutionTask& task) {
  const long vectors = vectors_of(static_cast<long>(task.in_height) * task.in_width);
  float* const strip = task.workspace;
  const long panel = static_cast<long>(task.in_channels) * kPanel;
  for (int image = 0; image < task.images; ++image) {
    for (long v = 0; v < vectors; v += kStripVectors) {
      const int count = vectors - v < kStripVectors ? static_cast<int>(vectors - v) : kStripVectors;
      if (count == kStripVectors) {
        pack_strip<kLoad>(task, image, v, kStripVectors, strip);
      } else {
        pack_strip<kLoad>(task, image, v, count, strip);
      }
      Destination to = destination_of(task, image, v);
      const float* a = task.weights;
      for (int row = 0; row < task.out_channels;) {
        const int block = block_rows(task.out_channels - row);
        for (int p = 0; p * kVectors < count; ++p) {
          Destination part = to;
          part.y += p * kPanel;
          if (part.mask != nullptr) part.mask += p * kVectors;
          if (part.residual != nullptr) part.residual += p * kPanel;
          multiply_block(block, count - p * kVectors, a, strip + p * panel, task.in_channels, part);
        }
        a += static_cast<long>(block) * task.in_channels;
        to.advance(block);
        row += block;
      }
    }
  }
}

inline void run_pointwise(const ConvolutionTask& task) {
  with_load(task.load, [&](auto tag) { pointwise<decltype(tag)::value>(task); });
}

inline long pointwise_workspace(const ConvolutionTask& task) {
  return padded(static_cast<long>(task.in_channels) * kPanel * kStripPanels);
}

}  // namespace
}  // namespace odin::cpu::ODIN_KERNELS
