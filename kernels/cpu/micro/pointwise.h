// 1x1 convolution, stride 1: a matrix product. The first block of rows packs its operand, with the
// prologue, while it multiplies: reading planes and storing the panel then cost little beside the
// multiplications.
#pragma once

#include "kernels/cpu/micro/gemm.h"

namespace odin::cpu::ODIN_KERNELS {
namespace {

// Panels that are multiplied in turn by a block of weights, while it is in the first-level cache.
// Together they use whole, neighbouring cache lines of every plane.
constexpr int kStripPanels = 64 / kPanel;
constexpr int kStripVectors = kStripPanels * kVectors;

// The planes that a panel is packed from, from its first vector on.
struct PanelSource {
  const float* x;  // of channel 0
  long plane;
  Word* mask;  // of channel 0, or null
  long mask_plane;
  const float* scale;
  const float* shift;
};
// Of pixel vector `vector` of an image.
ODIN_INLINE PanelSource source_of(const ConvolutionTask& task, long image, long vector) {
  Word* const mask = mask_at(task.in_mask, image, 0);
  return {plane_at(task.in, image, 0) + vector * kLanes,
          task.in.plane,
          mask == nullptr ? nullptr : mask + vector,
          task.in_mask.plane,
          task.scale,
          task.shift};
}

// Brings channels [0, depth) of a source into a panel, after the prologue: calls use(channel, x)
// with the `kWidth` vectors of each. Those of the next one come before that: the processor begins
// with what stands first, and so what `use` multiplies never waits for a prologue. kMask: there is
// a mask.
template <Load kLoad, bool kMask, int kWidth, class Use>
ODIN_INLINE void pack_panel(const PanelSource& source, int depth, float* panel, Use use) {
  const float* from = source.x;
  Word* mask = kMask ? source.mask : nullptr;
  const auto bring = [&](int k, Vector(&x)[kWidth]) {
    Vector scale{}, shift{};
    if constexpr (kLoad == Load::kNormalise) {
      scale = splat(source.scale[k]);
      shift = splat(source.shift[k]);
    }
#pragma GCC unroll 2
    for (int v = 0; v < kWidth; ++v) {
      x[v] = take<kLoad>(from + v * kLanes, mask, v, scale, shift);
      store(panel + v * kLanes, x[v]);
    }
    from += source.plane;
    panel += kPanel;
    if constexpr (kMask) mask += source.mask_plane;
  };
  Vector x[kWidth];
  bring(0, x);
  for (int k = 1; k < depth; ++k) {
    Vector next[kWidth];
    bring(k, next);
    use(k - 1, x);
#pragma GCC unroll 2
    for (int v = 0; v < kWidth; ++v) x[v] = next[v];
  }
  use(depth - 1, x);
}

// Like multiply_block(), with a panel that is packed meanwhile.
template <Load kLoad, bool kMask, int kBlock, int kWidth>
__attribute__((noinline)) void pack_and_multiply(const float* a, const PanelSource& source,
                                                 float* panel, int depth, const Destination& to) {
  Vector sum[kBlock][kWidth];
  clear_block(sum);
  pack_panel<kLoad, kMask, kWidth>(source, depth, panel, [&](int k, const Vector(&x)[kWidth]) {
    add_products<1>(a + k * kBlock, x, sum);
  });
  finish_block(sum, to);
}

// Multiplies a block of rows of the weights by the panel of a source, which it packs first or
// meanwhile.
template <Load kLoad, bool kMask>
ODIN_INLINE void multiply_source(int rows, long vectors, const float* a, const PanelSource& source,
                                 float* panel, int depth, const Destination& to) {
  // Masks need more than 16 registers.
  if ((kLanes == 16 || !kMask) && rows == kRows && vectors >= kVectors) {
    return pack_and_multiply<kLoad, kMask, kRows, kVectors>(a, source, panel, depth, to);
  }
  const auto nothing = [](int, const auto&) {};
  if (vectors >= kVectors) {
    pack_panel<kLoad, kMask, kVectors>(source, depth, panel, nothing);
  } else {
    pack_panel<kLoad, kMask, 1>(source, depth, panel, nothing);
  }
  multiply_block(rows, vectors, a, panel, depth, to);
}

template <Load kLoad, bool kMask>
void pointwise(const ConvolutionTask& task) {
  const long vectors = vectors_of(static_cast<long>(task.in_height) * task.in_width);
  const long panel = static_cast<long>(task.in_channels) * kPanel;
  for (int image = 0; image < task.images; ++image) {
    for (long v = 0; v < vectors; v += kStripVectors) {
      // One for each panel: the parts of a copy would be read as one while they are still on their
      // way to the cache.
      Destination to[kStripPanels];
      for (int p = 0; p < kStripPanels; ++p) to[p] = destination_of(task, image, v + p * kVectors);
      const float* a = task.weights;
      for (int row = 0; row < task.out_channels;) {
        const int block = block_rows(task.out_channels - row);
        for (int p = 0; p < kStripPanels && v + p * kVectors < vectors; ++p) {
          const long at = v + p * kVectors;
          float* const packed = task.workspace + p * panel;
          if (row == 0) {
            multiply_source<kLoad, kMask>(block, vectors - at, a, source_of(task, image, at),
                                          packed, task.in_channels, to[p]);
          } else {
            multiply_block(block, vectors - at, a, packed, task.in_channels, to[p]);
          }
          to[p].advance(block);
        }
        a += static_cast<long>(block) * task.in_channels;
        row += block;
      }
    }
  }
}

inline void run_pointwise(const ConvolutionTask& task) {
  with_load(task.load, [&](auto tag) {
    constexpr Load kLoad = decltype(tag)::value;
    if (kLoad == Load::kNormalise && task.in_mask.data == nullptr) {
      pointwise<kLoad, false>(task);
    } else {
      pointwise<kLoad, kLoad != Load::kPlain>(task);
    }
  });
}

inline long pointwise_workspace(const ConvolutionTask& task) {
  return padded(static_cast<long>(task.in_channels) * kPanel * kStripPanels);
}

}  // namespace
}  // namespace odin::cpu::ODIN_KERNELS
