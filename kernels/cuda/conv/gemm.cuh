// The implicit GEMM's kernel (gemm.h), a template over how a tile is multiplied (tile.cuh).
#pragma once

#include "kernels/cuda/conv/slab.cuh"
#include "kernels/cuda/conv/tile.cuh"
#include "kernels/cuda/conv/write_tile.cuh"
#include "kernels/cuda/device/shared.cuh"

namespace odin::cuda {

// The slabs of step k are multiplied while those of the next kStages - 1 steps are being loaded. A
// thread applies the prologue to what it has loaded itself, before the barrier that shows it to the
// others. So every element passes through the prologue once per tap, not once per warp that reads
// it.
template <class Tile, int kStages>
__global__ void __launch_bounds__(Tile::kThreads, kBlocks<Tile, kStages>)
    implicit_gemm_kernel(const __grid_constant__ GemmArguments g) {
  using Pixels = PixelRows<Tile>;
  constexpr int kBehindA = Tile::kM * Tile::Rows::kBytes;
  const TilePlace<Tile> place(g);
  if (place.first_pixel >= place.pixels) return;

  auto* slabs = dynamic_shared<std::byte>();
  const Prologue<Tile> prologue(g, reinterpret_cast<float*>(slabs + kStages * kStageBytes<Tile>));
  if (prologue.given) __syncthreads();

  const Pixels source(g, place.part, place.first_pixel);
  const int own_chunk = Pixels::chunk() * Pixels::kPerChunk;
  const int steps_per_tap = (g.source.channels + kStep<Tile> - 1) / kStep<Tile>;
  const int steps = place.part.taps * steps_per_tap;
  // Which of the thread's rows are inside their image: kOwn bits for each step under way.
  unsigned inside = 0;
  int next_tap = 0;
  int next_depth = 0;
  const auto start_loading = [&](int step) {
    inside <<= Pixels::kOwn;
    if (step < steps) {
      std::byte* slab = slabs + step % kStages * kStageBytes<Tile>;
      const GemmTap& tap = place.part.tap[next_tap];
      inside |= source.load(g, tap, next_depth + own_chunk, slab);
      load_weights<Tile>(g, tap.weights, place.first_channel, next_depth + own_chunk,
                         slab + kBehindA);
      next_depth += kStep<Tile>;
      if (next_depth >= g.source.channels) {
        next_depth = 0;
        ++next_tap;
      }
    }
    commit_copies();  // also an empty group: there is one group a step
  };

  Tile tile;
  for (int step = 0; step < kStages - 1; ++step) start_loading(step);
  int tap = 0;
  int depth = 0;
  for (int step = 0; step < steps; ++step) {
    wait_for_copies<kStages - 2>();
    std::byte* slab = slabs + step % kStages * kStageBytes<Tile>;
    if (prologue.given) {
      prologue.apply(g, place, tap, depth + own_chunk, inside >> (kStages - 2) * Pixels::kOwn,
                     slab);
      depth += kStep<Tile>;
      if (depth >= g.source.channels) {
        depth = 0;
        ++tap;
      }
    }
    // Now all threads see this step's slabs, and all are done with those of the last step, which
    // the next load overwrites.
    __syncthreads();
    start_loading(step + kStages - 1);
    tile.multiply(slab, slab + kBehindA);
  }
  write_tile(g, place, tile, slabs);
}

template <class Tile, int kStages>
void launch_gemm(const GemmArguments& g, int parts, Stream stream) {
  launch_tiles<Tile>(implicit_gemm_kernel<Tile, kStages>,
                     gemm_shared_bytes<Tile, kStages>(g.source.channels), g, parts, stream);
}

}  // namespace odin::cuda
