// How Winograd's algorithm (winograd.h) cuts a task into tiles and blocks, and its workspace.
#pragma once

#include "kernels/cpu/caches.h"
#include "kernels/cpu/micro/operands.h"
#include "kernels/cpu/micro/winograd_algorithm.h"
#include "kernels/cpu/micro/winograd_tiles.h"
#include "kernels/cpu/micro/workspace.h"

namespace odin::cpu::ODIN_KERNELS {
namespace {

// How rows of an image lie in vectors: a row is whole vectors, or half a vector, and in both cases
// whole tiles; or neither.
enum class Rows { kWhole, kHalves, kOther };
ODIN_INLINE Rows rows_of(int width, int pitch) {
  if (width != pitch) return Rows::kOther;
  if (width % kLanes == 0) return Rows::kWhole;
  return 2 * width == kLanes ? Rows::kHalves : Rows::kOther;
}

// How the work is divided. A block has enough tiles to use weights often while they are in the
// first-level cache, and few enough that the transformed tiles of a place stay in the second-level
// cache.
struct Tiling {
  int tile_rows;     // of an image
  int tile_columns;  // of an image
  int pitch;         // floats in a row of tiles: of the input
  int result_pitch;  // and of the result
  Rows rows;         // of an image of the input
  Rows result_rows;  // and of the result
  bool rows_whole;   // a vector holds whole rows of tiles
  int block_rows;    // rows of tiles in a block
  long vectors;      // of tiles in a block
  long panels;
  long place;          // floats from one place of the transformed input to the next
  long product_place;  // and of the products
  bool input_far;      // the transformed input does not stay in the second-level cache
  bool far;            // and neither do products and results
  long linear;         // floats of a plane that its rows follow without a gap
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
  t.rows = rows_of(task.in_width, t.pitch);
  t.result_rows = rows_of(task.out_width, t.result_pitch);
  t.rows_whole = kLanes % t.tile_columns == 0;
  // Planes that are read or written as a whole need blocks of whole images.
  const int unit = t.rows == Rows::kWhole && t.result_rows != Rows::kOther ? 1 : t.tile_rows;
  t.block_rows = unit * (task.block_tiles / (unit * t.tile_columns));
  if (t.block_rows < unit) t.block_rows = unit;
  if (t.block_rows > task.images * t.tile_rows) t.block_rows = task.images * t.tile_rows;
  t.vectors = vectors_of(static_cast<long>(t.block_rows) * t.tile_columns);
  t.panels = (t.vectors + kVectors - 1) / kVectors;
  t.place = t.panels * task.in_channels * kPanel + 16;
  t.product_place = t.vectors * task.out_channels * kLanes + 16;
  constexpr long kPlaces = long{Algorithm::kPoints} * Algorithm::kPoints;
  t.input_far = kPlaces * t.place * static_cast<long>(sizeof(float)) > second_level_cache();
  t.far = kPlaces * t.product_place * static_cast<long>(sizeof(float)) > 2 * second_level_cache();
  t.linear = vectors_of(static_cast<long>(task.in_height) * task.in_width) * kLanes;
  t.border = padded(t.vectors * kStep * kLanes);
  t.result_border = padded(t.vectors * kResult * kLanes);
  return t;
}

// Where a vector of pixels, or half of one, lies: in an image, from a column on, and in as many
// rows as a window or a tile has, the first of which is y. Rows outside the image do not exist.
struct Origin {
  int image;
  int y;
  int column;
};
// Of pixel `pixel` of the rows of tiles [first, end), which have `pitch` pixels each. An image has
// `rows` rows for each of them; the first is `before` rows above the tile. Beyond `end` no row
// exists.
ODIN_INLINE Origin origin_of(const Tiling& t, int first, int end, int pitch, int rows, int before,
                             long pixel) {
  const int row = first + static_cast<int>(pixel / pitch);
  if (row >= end) return {first / t.tile_rows, 1 << 30, 0};
  return {row / t.tile_rows, row % t.tile_rows * rows - before, static_cast<int>(pixel % pitch)};
}

// Where the windows of a vector of pixels, or of half of one, lie.
struct Window {
  long at;     // floats from the channel's plane of the first image to row 0 of the windows
  long word;   // and words of its mask
  int y;       // row 0 is row y of its image, which may not exist
  bool inner;  // all rows but the first and the last exist
};

// Stores wait for their lines, and no processor foresees lines of so many places. So, where they
// come from beyond the second-level cache, those of a later channel are asked for. (Elsewhere that
// costs more than it gains.)
constexpr long kChannelsAhead = 2;

// A place is one of the products of a tile: a point of the rows and one of the columns.
struct WinogradSpace {
  float* rows;      // Rows::kOther: [kWindow][border], the rows of the windows of each row of
                    // tiles. Later [kResult][result_border], the rows of the results
  float* columns;   // [kPoints kStep][vectors]: only where a vector does not hold whole rows of
                    // tiles
  float* linear;    // a plane; Rows::kHalves: of every image of the block
  float* input;     // [place][panels][channel][kPanel]
  float* products;  // [place][channel][vector]
  int32_t* left;    // [vector][lane]: all ones unless the tile is the first of its row
  int32_t* right;   // [vector][lane]: all ones unless it is the last of its row
  Window* windows;  // [vector of pixels][2]
  Origin* result_origins;  // the same for the result
  float* open_sums;        // of OpenGradient: [image][2][channel][lane]
  long open_part;          // floats from one sum of an image to the next
  long total;
};
template <class Algorithm>
WinogradSpace winograd_space(const ConvolutionTask& task, const Tiling& t) {
  constexpr int kPlaces = Algorithm::kPoints * Algorithm::kPoints;
  constexpr int kWindowFloats = 2 * sizeof(Window) / sizeof(float);
  constexpr int kOriginFloats = 2 * sizeof(Origin) / sizeof(float);
  WinogradSpace s{};
  Pieces pieces(task.workspace);
  const auto larger = [](long a, long b) { return a > b ? a : b; };
  s.rows =
      pieces.take(larger(t.rows == Rows::kOther ? Algorithm::kWindow * t.border : 0,
                         t.result_rows == Rows::kOther ? Algorithm::kResult * t.result_border : 0));
  s.columns = pieces.take(
      t.rows_whole ? 0 : Algorithm::kPoints * Algorithm::kStep * (t.vectors + 2) * kLanes);
  const long images = t.rows == Rows::kHalves ? t.block_rows / t.tile_rows : 1;
  s.linear =
      pieces.take(larger(images * t.linear, static_cast<long>(task.out_height) * task.out_width));
  s.input = pieces.take(kPlaces * t.place);
  s.products = pieces.take(kPlaces * t.product_place);
  s.left = reinterpret_cast<int32_t*>(pieces.take(t.vectors * kLanes));
  s.right = reinterpret_cast<int32_t*>(pieces.take(t.vectors * kLanes));
  s.windows = reinterpret_cast<Window*>(pieces.take(t.vectors * Algorithm::kStep * kWindowFloats));
  s.result_origins =
      reinterpret_cast<Origin*>(pieces.take(t.vectors * Algorithm::kResult * kOriginFloats));
  s.open_part = vectors_of(task.out_channels) * kLanes * kLanes;
  s.open_sums = pieces.take(task.open.sums == nullptr ? 0 : 2L * task.images * s.open_part);
  s.total = pieces.total();
  return s;
}

// What is the same for all blocks of a task.
inline void find_edges(const Tiling& t, const WinogradSpace& s) {
  for (long lane = 0; lane < t.vectors * kLanes; ++lane) {
    const long tile = lane / kLanes * kLanes + tile_of_lane(lane % kLanes);
    s.left[lane] = tile % t.tile_columns == 0 ? 0 : -1;
    s.right[lane] = tile % t.tile_columns == t.tile_columns - 1 ? 0 : -1;
  }
}

// What is the same for all channels of a block, tile rows [first, end). The halves of a vector that
// is not made of halves have the same origin.
template <class Algorithm>
void find_origins(const ConvolutionTask& task, const Tiling& t, const WinogradSpace& s, int first,
                  int end) {
  constexpr int kHalf = kLanes / 2;
  // See WindowSource.
  const bool taken = t.rows == Rows::kHalves && task.load != Load::kPlain;
  for (long h = 0; h < 2 * t.vectors * Algorithm::kStep; ++h) {
    const long pixel = t.rows == Rows::kHalves ? h * kHalf : h / 2 * kLanes;
    const Origin o = origin_of(t, first, end, t.pitch, Algorithm::kStep, Algorithm::kBefore, pixel);
    const long at = static_cast<long>(o.y) * task.in_width + o.column;
    s.windows[h] = {
        at + (taken ? (o.image - first / t.tile_rows) * t.linear : o.image * task.in.image),
        at / kLanes + o.image * task.in_mask.image, o.y,
        o.y >= -1 && o.y + Algorithm::kWindow - 1 <= task.in_height};
  }
  for (long h = 0; h < 2 * t.vectors * Algorithm::kResult; ++h) {
    const long pixel = t.result_rows == Rows::kHalves ? h * kHalf : h / 2 * kLanes;
    s.result_origins[h] = origin_of(t, first, end, t.result_pitch, Algorithm::kResult, 0, pixel);
  }
}

}  // namespace
}  // namespace odin::cpu::ODIN_KERNELS
