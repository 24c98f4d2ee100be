// How Winograd's algorithm (winograd.h) cuts a task into tiles and blocks, and its workspace.
#pragma once

#include "kernels/cpu/micro/operands.h"
#include "kernels/cpu/micro/winograd_algorithm.h"

namespace odin::cpu::ODIN_KERNELS {
namespace {

// Tiles per block: enough to use a block of weights often while it is in the first-level cache, few
// enough that the transformed tiles stay in the second-level cache.
constexpr int kBlockTiles = 64;
// How the work is divided.
struct Tiling {
  int tile_rows;     // of an image
  int tile_columns;  // of an image
  int pitch;         // floats in a row of tiles: of the input
  int result_pitch;  // and of the result
  bool direct;       // image rows are whole vectors and whole tiles: of the input
  bool result_direct;
  bool rows_whole;  // a vector holds whole rows of tiles
  int block_rows;   // rows of tiles in a block
  long vectors;     // of tiles in a block
  long panels;
  long place;          // floats from one place of the transformed input to the next
  long product_place;  // and of the products
  long border;         // floats of one of the row planes: of the input
  long result_border;  // and of the result
};
template <class Algorithm>
Tiling tiling_of(const ConvolutionTask& task) {
  constexpr int kStep = Algorithm::kStep;
  constexpr int kResult = Algorithm::kResult;
  Tiling t{};
  t.tile_rows = (task.in_height + kStep - 1) / kStep;
  t.tile_columns = (task.in_width + kStep - 1) / kStep;
  t.pitch = kStep * t.tile_columns;
  t.result_pitch = kResult * t.tile_columns;
  t.direct = task.in_width % kLanes == 0 && task.in_width == t.pitch;
  t.result_direct = task.out_width % kLanes == 0 && task.out_width == t.result_pitch;
  t.rows_whole = kLanes % t.tile_columns == 0;
  // If vectors straddle image rows, a block holds whole images.
  const int unit = t.direct && t.result_direct ? 1 : t.tile_rows;
  t.block_rows = unit * (kBlockTiles / (unit * t.tile_columns));
  if (t.block_rows < unit) t.block_rows = unit;
  if (t.block_rows > task.images * t.tile_rows) t.block_rows = task.images * t.tile_rows;
  t.vectors = vectors_of(static_cast<long>(t.block_rows) * t.tile_columns);
  t.panels = (t.vectors + kVectors - 1) / kVectors;
  t.place = t.panels * task.in_channels * kPanel + 16;
  t.product_place = t.vectors * task.out_channels * kLanes + 16;
  t.border = padded(t.vectors * kStep * kLanes);
  t.result_border = padded(t.vectors * kResult * kLanes);
  return t;
}

// A place is one of the products of a tile: a point of the rows and one of the columns.
struct WinogradSpace {
  float* rows;  // [kWindow][border]: the rows of the windows of each row of tiles. Later
                // [kResult][result_border]: the rows of the results
  float*
      columns;    // [kPoints kStep][vectors]: only where a vector does not hold whole rows of tiles
  float* linear;  // a plane
  float* input;   // [place][panels][channel][kPanel]
  float* products;  // [place][channel][vector]
  int32_t* left;    // [tile]: all ones unless it is the first of its row
  int32_t* right;   // [tile]: all ones unless it is the last of its row
  long total;
};
template <class Algorithm>
WinogradSpace winograd_space(const ConvolutionTask& task, const Tiling& t) {
  constexpr int kPlaces = Algorithm::kPoints * Algorithm::kPoints;
  WinogradSpace s{};
  long used = 0;
  const auto reserve = [&](long floats) {
    float* here = task.workspace == nullptr ? nullptr : task.workspace + used;
    used += padded(floats);
    return here;
  };
  const auto larger = [](long a, long b) { return a > b ? a : b; };
  s.rows = reserve(larger(Algorithm::kWindow * t.border, Algorithm::kResult * t.result_border));
  s.columns =
      reserve(t.rows_whole ? 0 : Algorithm::kPoints * Algorithm::kStep * (t.vectors + 2) * kLanes);
  s.linear = reserve(larger(static_cast<long>(t.tile_rows) * Algorithm::kStep * t.pitch,
                            static_cast<long>(t.tile_rows) * Algorithm::kResult * t.result_pitch));
  s.input = reserve(kPlaces * t.place);
  s.products = reserve(kPlaces * t.product_place);
  s.left = reinterpret_cast<int32_t*>(reserve(t.vectors * kLanes));
  s.right = reinterpret_cast<int32_t*>(reserve(t.vectors * kLanes));
  s.total = used;
  return s;
}

}  // namespace
}  // namespace odin::cpu::ODIN_KERNELS
