// Winograd's output transform, A^T [...] A (winograd.h), and the storing of its results.
#pragma once

#include "kernels/cpu/micro/winograd_tiling.h"

namespace odin::cpu::ODIN_KERNELS {
namespace {

// Transforms the products of one output channel and stores the result in the task's output.
template <class Algorithm, Store kStore>
void finish_channel(const ConvolutionTask& task, const Tiling& t, const WinogradSpace& s, int first,
                    int end, long vectors, int channel) {
  const Vector bias = task.bias == nullptr ? Vector{} : splat(task.bias[channel]);
  const Vector scale = splat(task.out_scale == nullptr ? 1.0f : task.out_scale[channel]);
  constexpr int kPoints = Algorithm::kPoints;
  constexpr int kResult = Algorithm::kResult;
  const int wide = task.out_width / kLanes;
  const float* products = s.products + channel * t.vectors * kLanes;
  for (long v = 0; v < vectors; ++v, products += kLanes) {
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
      interleave(pixels[r]);
    }
    if (!t.result_direct) {
#pragma GCC unroll 8
      for (int r = 0; r < kResult; ++r) {
#pragma GCC unroll 8
        for (int q = 0; q < kResult; ++q) {
          store(s.rows + r * t.result_border + (kResult * v + q) * kLanes, pixels[r][q]);
        }
      }
      continue;
    }
    for (int q = 0; q < kResult; ++q) {
      const int at = static_cast<int>(kResult * v + q) * kLanes;
      const int row = first + at / t.result_pitch;
      if (row >= end) break;
      const int image = row / t.tile_rows;
      const int y = row % t.tile_rows * kResult;
      const long vector = static_cast<long>(y) * wide + at % t.result_pitch / kLanes;
      float* to = plane_at(task.out, image, channel) + vector * kLanes;
      Word* mask = mask_at(task.out_mask, image, channel);
      if (mask != nullptr) mask += vector;
      const float* residual = nullptr;
      if constexpr (kStore == Store::kResidual) {
        residual = plane_at(task.residual, image, channel) + vector * kLanes;
      }
      const int count = task.out_height - y < kResult ? task.out_height - y : kResult;
      for (int r = 0; r < count; ++r) {
        put<kStore>(to, pixels[r][q], mask, 0, residual);
        to += task.out_width;
        if (mask != nullptr) mask += wide;
        if (kStore == Store::kResidual) residual += task.out_width;
      }
    }
  }
  if (t.result_direct) return;
  for (int image = first / t.tile_rows; image * t.tile_rows < end; ++image) {
    for (int y = 0; y < task.out_height; ++y) {
      const long row = image * t.tile_rows + y / kResult - first;
      copy_row(s.rows + y % kResult * t.result_border + row * t.result_pitch,
               s.linear + static_cast<long>(y) * task.out_width, task.out_width);
    }
    put_plane(task, image, channel, s.linear);
  }
}

}  // namespace
}  // namespace odin::cpu::ODIN_KERNELS
