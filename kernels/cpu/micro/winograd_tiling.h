// How Winograd's algorithm (winograd.h) cuts a task into tiles and blocks, and its workspace.
#pragma once

#include "kernels/cpu/micro/operands.h"

namespace odin::cpu::ODIN_KERNELS {
namespace {

// Tiles per block: enough to use a block of weights often while it is in the first-level cache, few
// enough that the transformed tiles stay in the second-level cache.
constexpr int kBlockTiles = 64;
// Bytes of products that wait for the output transform.
constexpr long kProductBytes = 256 * 1024;

// How the work is divided.
struct Tiling {
  int tile_rows;     // of an image
  int tile_columns;  // of an image
  int pitch;         // floats in a row of tiles
  bool direct;       // image rows are whole vectors
  bool rows_whole;   // a vector holds whole rows of tiles
  int block_rows;    // rows of tiles in a block
  long vectors;      // of tiles in a block
  long panels;
  long place;   // floats from one place of the transformed input to the next
  long border;  // floats of one of the six row planes
  int chunk;    // output channels transformed together
};
inline Tiling tiling_of(const ConvolutionTask& task) {
  Tiling t{};
  t.tile_rows = (task.in_height + 3) / 4;
  t.tile_columns = (task.in_width + 3) / 4;
  t.pitch = 4 * t.tile_columns;
  t.direct = task.in_width % kLanes == 0;
  t.rows_whole = kLanes % t.tile_columns == 0;
  // If vectors straddle image rows, a block holds whole images.
  const int unit = t.direct ? 1 : t.tile_rows;
  t.block_rows = unit * (kBlockTiles / (unit * t.tile_columns));
  if (t.block_rows < unit) t.block_rows = unit;
  if (t.block_rows > task.images * t.tile_rows) t.block_rows = task.images * t.tile_rows;
  t.vectors = vectors_of(static_cast<long>(t.block_rows) * t.tile_columns);
  t.panels = (t.vectors + kVectors - 1) / kVectors;
  t.place = t.panels * task.in_channels * kPanel + 16;
  t.border = padded(t.vectors * 4 * kLanes);
  const long chunk = kProductBytes / (t.vectors * kLanes * 36 * 4) / kRows * kRows;
  t.chunk = static_cast<int>(chunk < kRows ? kRows : chunk);
  if (t.chunk > task.out_channels) t.chunk = task.out_channels;
  return t;
}

struct WinogradSpace {
  float* rows;      // [6][border]: rows 4 t - 1 .. 4 t + 4 of each row of tiles t
  float* columns;   // [24][vectors]: only where a vector does not hold whole rows of tiles
  float* linear;    // a plane
  float* input;     // [36][panels][channel][kPanel]
  float* products;  // [channel of the chunk][vector][36][lane]
  int32_t* left;    // [tile]: all ones unless it is the first of its row
  int32_t* right;   // [tile]: all ones unless it is the last of its row
  long total;
};
inline WinogradSpace winograd_space(const ConvolutionTask& task, const Tiling& t) {
  WinogradSpace s{};
  long used = 0;
  const auto reserve = [&](long floats) {
    float* here = task.workspace == nullptr ? nullptr : task.workspace + used;
    used += padded(floats);
    return here;
  };
  s.rows = reserve(6 * t.border);
  s.columns = reserve(t.rows_whole ? 0 : 24 * (t.vectors + 2) * kLanes);
  s.linear = reserve(static_cast<long>(t.tile_rows) * 4 * t.pitch);
  s.input = reserve(36 * t.place);
  // With fewer images a chunk may be larger, so this chunk's size is not enough.
  const long least = kRows * t.vectors * 36 * kLanes;
  s.products = reserve(least > kProductBytes / 4 ? least : kProductBytes / 4);
  s.left = reinterpret_cast<int32_t*>(reserve(t.vectors * kLanes));
  s.right = reinterpret_cast<int32_t*>(reserve(t.vectors * kLanes));
  s.total = used;
  return s;
}

}  // namespace
}  // namespace odin::cpu::ODIN_KERNELS
