// Winograd's output transform, A^T [...] A (winograd.h), and what becomes of its results.
#pragma once

#include "kernels/cpu/micro/winograd_planes.h"
#include "kernels/cpu/micro/winograd_tiles.h"

namespace odin::cpu::ODIN_KERNELS {
namespace {

// Puts the pixels of a vector of tiles where a row of the result is whole vectors.
template <class Algorithm, class PlanesOfChannel>
ODIN_INLINE void put_vectors(const ConvolutionTask& task, const WinogradSpace& s,
                             PlanesOfChannel& planes, long v,
                             const Vector (&pixels)[Algorithm::kResult][Algorithm::kResult]) {
  constexpr int kResult = Algorithm::kResult;
  for (int q = 0; q < kResult; ++q) {
    const Origin o = s.result_origins[2 * (kResult * v + q)];
    planes.move_to(o.image);
    const int wide = task.out_width / kLanes;
    const int count = task.out_height - o.y < kResult ? task.out_height - o.y : kResult;
    const long vector = static_cast<long>(o.y) * wide + o.column / kLanes;
    for (int r = 0; r < count; ++r) planes.put_at(vector + r * wide, pixels[r][q]);
  }
}

// The same where it is half a vector: two rows of a tile are a vector.
template <class Algorithm, class PlanesOfChannel>
ODIN_INLINE void put_halves(const ConvolutionTask& task, const WinogradSpace& s,
                            PlanesOfChannel& planes, long v,
                            const Vector (&pixels)[Algorithm::kResult][Algorithm::kResult]) {
  constexpr int kResult = Algorithm::kResult;
  for (int q = 0; q < kResult; ++q) {
    const Origin* const o = s.result_origins + 2 * (kResult * v + q);
    planes.move_to(o[0].image);
    for (int r = 0; r < kResult && o[0].y + r < task.out_height; r += 2) {
      planes.put_at((o[0].y + r) / 2, low_halves(pixels[r][q], pixels[r + 1][q]));
    }
    planes.move_to(o[1].image);
    for (int r = 0; r < kResult && o[1].y + r < task.out_height; r += 2) {
      planes.put_at((o[1].y + r) / 2, high_halves(pixels[r][q], pixels[r + 1][q]));
    }
  }
}

// Asks for what a vector of tiles of a channel will need: its products, and its part of planes of
// results and residuals.
template <class Algorithm>
__attribute__((noinline)) void ask_for_channel(const ConvolutionTask& task, const Tiling& t,
                                               const WinogradSpace& s, long v, int channel) {
  asm volatile("");  // else it would be a function without effect
  constexpr int kResult = Algorithm::kResult;
  const float* product = s.products + (channel * t.vectors + v) * kLanes;
  for (int place = 0; place < Algorithm::kPoints * Algorithm::kPoints; ++place) {
    ask_for(product);
    product += t.product_place;
  }
  const Planes* const parts[] = {&task.out, &task.residual};
  for (const Planes* planes : parts) {
    if (planes->data == nullptr) continue;
    for (int h = 0; h < 2 * kResult; ++h) {
      const Origin o = s.result_origins[2 * kResult * v + h];
      const float* row =
          plane_at(*planes, o.image, channel) + static_cast<long>(o.y) * task.out_width + o.column;
      for (int r = 0; r < kResult; ++r) ask_for(row + r * task.out_width);
    }
  }
}

// Transforms the products of one output channel and puts the result where it goes.
template <class Algorithm, class PlanesOfChannel>
void finish_channel(const ConvolutionTask& task, const Tiling& t, const WinogradSpace& s, int first,
                    int end, long vectors, int channel) {
  const Vector bias = task.bias == nullptr ? Vector{} : splat(task.bias[channel]);
  const Vector scale = splat(task.out_scale == nullptr ? 1.0f : task.out_scale[channel]);
  constexpr int kPoints = Algorithm::kPoints;
  constexpr int kResult = Algorithm::kResult;
  PlanesOfChannel planes(task, s, channel);
  const float* products = s.products + channel * t.vectors * kLanes;
  for (long v = 0; v < vectors; ++v, products += kLanes) {
    if (!PlanesOfChannel::kAsksItself && t.far) {
      ask_for_channel<Algorithm>(task, t, s, v, channel + kChannelsAhead);
    }
    Vector rows[kResult][kPoints];  // [row of the result][column of the product]
#pragma GCC unroll 9
    for (int j = 0; j < kPoints; ++j) {
      Vector x[kPoints], y[kResult];
#pragma GCC unroll 9
      for (int i = 0; i < kPoints; ++i) x[i] = load(products + (kPoints * i + j) * t.product_place);
      Algorithm::transform_output(x, y);
#pragma GCC unroll 8
      for (int r = 0; r < kResult; ++r) rows[r][j] = y[r];
    }
    // Pixels of each row of tiles, kResult vectors.
    Vector pixels[kResult][kResult];
#pragma GCC unroll 8
    for (int r = 0; r < kResult; ++r) {
      Algorithm::transform_output(rows[r], pixels[r]);
#pragma GCC unroll 8
      for (int q = 0; q < kResult; ++q) pixels[r][q] = scale * pixels[r][q] + bias;
      tiles_to_pixels(pixels[r]);
    }
    switch (t.result_rows) {
      case Rows::kWhole:
        put_vectors<Algorithm>(task, s, planes, v, pixels);
        break;
      case Rows::kHalves:
        put_halves<Algorithm>(task, s, planes, v, pixels);
        break;
      case Rows::kOther:
#pragma GCC unroll 8
        for (int r = 0; r < kResult; ++r) {
#pragma GCC unroll 8
          for (int q = 0; q < kResult; ++q) {
            store(s.rows + r * t.result_border + (kResult * v + q) * kLanes, pixels[r][q]);
          }
        }
        break;
    }
  }
  if (t.result_rows == Rows::kOther) {
    const long plane_vectors = vectors_of(static_cast<long>(task.out_height) * task.out_width);
    for (int image = first / t.tile_rows; image * t.tile_rows < end; ++image) {
      for (int y = 0; y < task.out_height; ++y) {
        const long row = image * t.tile_rows + y / kResult - first;
        copy_row(s.rows + y % kResult * t.result_border + row * t.result_pitch,
                 s.linear + static_cast<long>(y) * task.out_width, task.out_width);
      }
      planes.move_to(image);
      for (long v = 0; v < plane_vectors; ++v) planes.put_at(v, load(s.linear + v * kLanes));
    }
  }
  planes.finish();
}

}  // namespace
}  // namespace odin::cpu::ODIN_KERNELS
