// The implicit GEMM on Hopper's warpgroup products (warpgroup.cuh). It differs from gemm.cuh in two
// things. The tensor cores read their operands from shared memory themselves, so no thread spends
// registers and instructions on fragments, and a tile can be larger. And they work while the
// threads gather the next slabs.
#pragma once

#include "kernels/cuda/conv/slab.cuh"
#include "kernels/cuda/conv/write_tile.cuh"
#include "kernels/cuda/device/shared.cuh"
#include "kernels/cuda/device/warpgroup.cuh"

namespace odin::cuda {

// Each warpgroup multiplies its own share of the pixels with all channels, 64 pixels at a time.
template <class T, int kPixels, int kOutputs, int kWarpgroups>
class WarpgroupTile {
 public:
  using Element = T;
  using Rows = Rows128;
  static constexpr int kM = kPixels;
  static constexpr int kN = kOutputs;
  static constexpr int kThreads = kWarpgroup * kWarpgroups;
  static constexpr int kBlocks = blocks_wanted(kN);

  // We choose which channel is which row of B, and so which column of the sums. Of 16 channels, the
  // first 8 rows take 0, 1, 4, 5, 8, 9, 12 and 13. A thread gets columns 2 t and 2 t + 1 of both
  // eights, and so holds four neighbouring channels of a pixel.
  __device__ static int weight_row(int i) {
    return (i & ~15) | (i & 2) << 2 | (i & 12) >> 1 | (i & 1);
  }

  // Starts sums += a b^T over the 128 bytes of the slabs' rows; the first step's sums start at
  // zero.
  __device__ void start_multiplying(const std::byte* a, const std::byte* b, bool first_step) {
    const int first_row = static_cast<int>(threadIdx.x) / kWarpgroup * (kBands * kBand);
    const std::uint64_t rows = describe_rows(a + first_row * Rows::kBytes);
    const std::uint64_t columns = describe_rows(b);
    constexpr std::uint64_t kNextBand = kBand * Rows::kBytes / 16;
    begin_products();
#pragma unroll
    for (std::uint64_t slice = 0; slice < 4; ++slice) {  // 32 bytes each
#pragma unroll
      for (std::uint64_t i = 0; i < kBands; ++i) {
        multiply_rows<T, kN>(sums_[i], rows + i * kNextBand + 2 * slice, columns + 2 * slice,
                             !first_step || slice > 0);
      }
    }
    commit_products();
  }

  // Waits for all products.
  __device__ void finish_multiplying() {
    wait_for_products<0>();
#pragma unroll
    for (auto& band : sums_) {
#pragma unroll
      for (float& sum : band) settle(sum);
    }
  }

  // Calls f(row, channel, sums of channels channel to channel + 3) for all sums of this thread.
  template <class F>
  __device__ void for_each(F f) const {
    const int warp = static_cast<int>(threadIdx.x) / 32;
    const int lane = static_cast<int>(threadIdx.x) % 32;
#pragma unroll
    for (int i = 0; i < kBands; ++i) {
#pragma unroll
      for (int below = 0; below < 2; ++below) {
        const int row = (warp / 4 * kBands + i) * kBand + warp % 4 * 16 + 8 * below + lane / 4;
#pragma unroll
        for (int j = 0; j < kN / 16; ++j) {
          const float* sums = sums_[i] + 8 * j + 2 * below;
          f(row, 16 * j + 4 * (lane % 4), Floats<4>{{sums[0], sums[1], sums[4], sums[5]}});
        }
      }
    }
  }

 private:
  static constexpr int kBand = 64;  // rows of one product
  static constexpr int kBands = kM / kBand / kWarpgroups;
  static_assert(kBands * kWarpgroups * kBand == kM && kN % 16 == 0);

  // Only products write these: ptxas makes products synchronous if anything else sets them.
  float sums_[kBands][kN / 2];
};

// The place of a chunk in a pixel's sum, which runs over the taps and, for each tap, over the
// packed depth.
struct ChunkPlace {
  int tap = 0;
  int channel;

  // Moves on by `channels`.
  __device__ void advance(int channels, int depth) {
    for (channel += channels; channel >= depth; channel -= depth) ++tap;
  }
};

// The sum of a pixel is cut into steps regardless of taps: a step of 64 channels may end one tap
// and begin the next, so a depth of 160 wastes nothing. Each thread knows where its own chunk is.
//
// While the products of step k run, those of step k + 1 are queued and the slabs of the next
// kStages - 2 steps are being loaded. A load overwrites the stage of two steps before; all threads
// have waited for that step's products before the barrier.
template <class Tile, int kStages>
__global__ void __launch_bounds__(Tile::kThreads, kBlocks<Tile, kStages>)
    conv_wgmma_kernel(const __grid_constant__ GemmArguments g) {
  using Pixels = PixelRows<Tile>;
  constexpr int kAhead = kStages - 2;  // steps that are loaded ahead
  constexpr int kBehindA = Tile::kM * Tile::Rows::kBytes;
  static_assert(kStageBytes<Tile> % 1024 == 0 &&
                kBehindA % 1024 == 0);               // describe_rows() requires it
  static_assert((kAhead + 1) * Pixels::kOwn <= 32);  // bits of `inside`
  const TilePlace<Tile> place(g);
  if (place.first_pixel >= place.pixels) return;

  auto* slabs = dynamic_shared<std::byte>();
  const Prologue<Tile> prologue(g, reinterpret_cast<float*>(slabs + kStages * kStageBytes<Tile>));
  if (prologue.given) __syncthreads();

  const Pixels source(g, place.part, place.first_pixel);
  // Pixels that no tap reaches still take one step, of zeros, so that they have sums.
  const int steps = max((place.part.taps * g.depth + kStep<Tile> - 1) / kStep<Tile>, 1);
  // Which of the thread's rows are inside their image: kOwn bits for each step under way.
  unsigned inside = 0;
  ChunkPlace next;
  next.channel = 0;
  next.advance(Pixels::chunk() * Pixels::kPerChunk, g.depth);
  ChunkPlace current = next;
  const auto start_loading = [&](int step) {
    inside <<= Pixels::kOwn;
    if (step < steps) {
      std::byte* slab = slabs + step % kStages * kStageBytes<Tile>;
      // Zeros follow the last tap, as they follow the last channel.
      const bool ended = next.tap >= place.part.taps;
      const GemmTap& tap = place.part.tap[ended ? 0 : next.tap];
      const int channel = ended ? g.depth : next.channel;
      inside |= source.load(g, tap, channel, slab);
      load_weights<Tile>(g, tap.weights, place.first_channel, channel, slab + kBehindA);
      next.advance(kStep<Tile>, g.depth);
    }
    commit_copies();  // also an empty group: there is one group a step
  };

  Tile tile;
  for (int step = 0; step < kAhead; ++step) start_loading(step);
  for (int step = 0; step < steps; ++step) {
    wait_for_copies<kAhead - 1>();
    std::byte* slab = slabs + step % kStages * kStageBytes<Tile>;
    if (prologue.given) {
      // Behind the last tap no bit of `inside` is set, so the factors do not matter.
      prologue.apply(g, place, current.tap, current.channel, inside >> (kAhead - 1) * Pixels::kOwn,
                     slab);
      current.advance(kStep<Tile>, g.depth);
    }
    publish_to_products();
    wait_for_products<1>();
    // Now all threads see this step's slabs, and the products of the step before the last one are
    // finished for all threads.
    __syncthreads();
    tile.start_multiplying(slab, slab + kBehindA, step == 0);
    start_loading(step + kAhead);
  }
  tile.finish_multiplying();
  write_tile(g, place, tile, slabs);
}

}  // namespace odin::cuda
