// Which tile of the result a block of an implicit GEMM computes.
#pragma once

#include "kernels/cuda/conv/gemm.h"
#include "kernels/cuda/runtime/launch.h"

namespace odin::cuda {

// A block computes kM pixels x kN channels of the part blockIdx.y. Blocks that share their pixels
// are neighbours, so the second one finds them in the L2 cache.
template <class Tile>
struct TilePlace {
  const GemmPart& part;
  int pixels;  // of the part
  int first_pixel;
  int first_channel;

  __device__ explicit TilePlace(const GemmArguments& g)
      : part(g.part[blockIdx.y]), pixels(g.epilogue.target.images * part.height * part.width) {
    const int across = (g.epilogue.target.channels + Tile::kN - 1) / Tile::kN;
    first_pixel = static_cast<int>(blockIdx.x) / across * Tile::kM;
    first_channel = static_cast<int>(blockIdx.x) % across * Tile::kN;
  }
};

// How many blocks with tensor core tiles a multiprocessor should have room for: narrow tiles wait
// for memory, and need others beside them that work meanwhile. Holds the compiler to 64, 85 and 128
// registers a thread.
constexpr int blocks_wanted(int channels) {
  return channels <= 16 ? 4 : channels <= kNarrowChannels ? 3 : channels <= 64 ? 2 : 1;
}

// Starts a kernel on a grid that covers every part.
template <class Tile>
void launch_tiles(void (*kernel)(GemmArguments), std::size_t shared_bytes, const GemmArguments& g,
                  int parts, Stream stream) {
  std::int64_t most = 0;
  for (int i = 0; i < parts; ++i) {
    const std::int64_t pixels =
        std::int64_t{g.epilogue.target.images} * g.part[i].height * g.part[i].width;
    most = pixels > most ? pixels : most;
  }
  const std::int64_t blocks =
      blocks_for(most, Tile::kM) * blocks_for(g.epilogue.target.channels, Tile::kN);
  launch(kernel,
         {dim3(static_cast<unsigned>(blocks), static_cast<unsigned>(parts)), dim3(Tile::kThreads),
          shared_bytes, stream},
         g);
}

// How many channels a tensor core tile should have for a number of output channels. 160 divides the
// widths 160, 320 and 640 (three tiles of 64, or two of 128, would fill up to 37 % of their sums
// with padding). 48 and 16 suit a DenseNet's bottleneck of 48, its growth of 12, and the first
// layers.
inline int tile_width(int channels) {
  const auto padded = [channels](int width) { return blocks_for(channels, width) * width; };
  return channels <= 16                ? 16
         : channels <= kNarrowChannels ? 48
         : padded(160) <= padded(64)   ? 160
                                       : 64;
}

}  // namespace odin::cuda
