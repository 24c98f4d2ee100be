// The kernel of conv_gemm.h, a template over how a tile is multiplied (conv_tile.cuh).
#pragma once

#include "kernels/cuda/conv_epilogue.cuh"
#include "kernels/cuda/conv_gemm.h"
#include "kernels/cuda/conv_tile.cuh"
#include "kernels/cuda/shared.cuh"

namespace odin::cuda {

// What a block reads and writes of device memory, for tiles of kM pixels.
template <class T, int kM, int kThreads>
class PixelRows {
 public:
  static constexpr int kPerChunk = kChunkBytes / static_cast<int>(sizeof(T));
  static constexpr int kOwn = kM * kChunks / kThreads;  // rows that a thread loads a chunk of
  static_assert(kOwn * kThreads == kM * kChunks);

  __device__ PixelRows(const GemmArguments& g, const GemmPart& part, int first_pixel) {
#pragma unroll
    for (int i = 0; i < kOwn; ++i) {
      const int pixel = first_pixel + row(i);
      const int column = pixel % part.width;
      const int line = pixel / part.width % part.height;
      image_[i] = pixel / (part.width * part.height);
      // A pixel beyond the last image is beyond every border.
      line_[i] = image_[i] < g.source.images ? line * g.source_step : -(1 << 20);
      column_[i] = column * g.source_step;
    }
  }

  __device__ static int chunk() {
    return static_cast<int>(threadIdx.x) % kChunks;
  }
  __device__ static int row(int i) {
    return static_cast<int>(threadIdx.x) / kChunks + i * (kThreads / kChunks);
  }

  // Starts to load channels [first, first + kPerChunk) of the tap's pixels into the slab. Bit i of
  // the result: whether row i lies inside its image.
  __device__ unsigned load(const GemmArguments& g, const GemmTap& tap, int first,
                           std::byte* slab) const {
    unsigned inside = 0;
    const auto* data = static_cast<const T*>(g.source.data);
    const int left = g.source.channels - first;
    const int count = left < kPerChunk ? (left > 0 ? left : 0) : kPerChunk;
#pragma unroll
    for (int i = 0; i < kOwn; ++i) {
      const int line = line_[i] + tap.row;
      const int column = column_[i] + tap.column;
      const bool valid = line >= 0 && line < g.source.height && column >= 0 &&
                         column < g.source.width && count > 0;
      const T* from = data;
      if (valid) {
        from += ((std::int64_t{image_[i]} * g.source.height + line) * g.source.width + column) *
                    g.source.pitch +
                first;
      }
      std::byte* target = slab + chunk_offset(row(i), chunk());
      if (g.source_aligned) {
        copy_async(target, from, valid ? count * static_cast<int>(sizeof(T)) : 0);
      } else {
        Pack<T, kPerChunk> pack;
#pragma unroll
        for (int c = 0; c < kPerChunk; ++c) pack.v[c] = valid && c < count ? from[c] : to<T>(0);
        *reinterpret_cast<Pack<T, kPerChunk>*>(target) = pack;
      }
      inside |= (valid ? 1u : 0u) << i;
    }
    return inside;
  }

  // Puts the own chunks of a slab through the prologue: z = relu(scale x + shift), but zero outside.
  __device__ static void normalise(std::byte* slab, const float* scale, const float* shift,
                                   bool relu, unsigned inside) {
    const Floats<4> scale_low = cuda::load<4>(scale);
    const Floats<4> shift_low = cuda::load<4>(shift);
    const Floats<4> scale_high = cuda::load<4>(scale + kPerChunk - 4);
    const Floats<4> shift_high = cuda::load<4>(shift + kPerChunk - 4);
#pragma unroll
    for (int i = 0; i < kOwn; ++i) {
      if ((inside >> i & 1u) == 0) continue;
      auto* place = reinterpret_cast<T*>(slab + chunk_offset(row(i), chunk()));
      Floats<kPerChunk> z = cuda::load<kPerChunk>(place);
#pragma unroll
      for (int c = 0; c < kPerChunk; ++c) {
        const float s = c < 4 ? scale_low.v[c % 4] : scale_high.v[c % 4];
        const float b = c < 4 ? shift_low.v[c % 4] : shift_high.v[c % 4];
        z.v[c] = fmaf(s, z.v[c], b);
        if (relu && !(z.v[c] > 0)) z.v[c] = 0;
      }
      store<kPerChunk>(place, z);
    }
  }

 private:
  int image_[kOwn];
  int line_[kOwn];
  int column_[kOwn];
};

// Starts to load the weights of channels [first_channel, first_channel + kN) at the tap and depth
// into the slab, zeros beyond the last channel.
template <class T, int kN, int kThreads>
__device__ inline void load_weights(const GemmArguments& g, int tap, int first_channel, int depth,
                                    std::byte* slab) {
  constexpr int kPerChunk = kChunkBytes / static_cast<int>(sizeof(T));
  const auto* data = static_cast<const T*>(g.weights);
#pragma unroll
  for (int begin = 0; begin < kN * kChunks; begin += kThreads) {
    const int i = begin + static_cast<int>(threadIdx.x);
    if (i >= kN * kChunks) break;
    const int row = i / kChunks;
    const int chunk = i % kChunks;
    const bool valid = first_channel + row < g.epilogue.target.channels;
    const std::int64_t place = std::int64_t{tap} * g.epilogue.target.channels + first_channel + row;
    const T* from = valid ? data + place * g.depth + depth + chunk * kPerChunk : data;
    copy_async(slab + chunk_offset(row, chunk), from, valid ? kChunkBytes : 0);
  }
}

// Bytes of dynamic shared memory: the stages' slabs, and the prologue's factors.
template <class Tile, int kStages>
constexpr std::size_t gemm_shared_bytes(int channels) {
  return std::size_t{kStages} * (Tile::kM + Tile::kN) * kRowBytes +
         2 * static_cast<std::size_t>(packed_depth(channels)) * sizeof(float);
}

// A block computes kM pixels x kN channels; blocks that share their pixels are neighbours, so that
// the second one finds them in the L2 cache. blockIdx.y is the part.
//
// The slabs of step k are multiplied while those of the next kStages - 1 are on their way. A thread
// applies the prologue to what it has itself loaded, before the barrier that shows it to the others,
// so every element passes through it once per tap, not once per warp that reads it.
template <class Tile, int kStages>
__global__ void __launch_bounds__(Tile::kThreads)
    implicit_gemm_kernel(const __grid_constant__ GemmArguments g) {
  using T = typename Tile::Element;
  using Pixels = PixelRows<T, Tile::kM, Tile::kThreads>;
  constexpr int kStep = kRowBytes / static_cast<int>(sizeof(T));  // channels
  constexpr int kSlabBytes = (Tile::kM + Tile::kN) * kRowBytes;
  const GemmPart& part = g.part[blockIdx.y];
  const int pixels = g.epilogue.target.images * part.height * part.width;
  const int tiles_across = (g.epilogue.target.channels + Tile::kN - 1) / Tile::kN;
  const int first_pixel = static_cast<int>(blockIdx.x) / tiles_across * Tile::kM;
  const int first_channel = static_cast<int>(blockIdx.x) % tiles_across * Tile::kN;
  if (first_pixel >= pixels) return;

  auto* slabs = dynamic_shared<std::byte>();
  auto* scale = reinterpret_cast<float*>(slabs + kStages * kSlabBytes);
  float* shift = scale + packed_depth(g.source.channels);
  const bool prologue = g.prologue.scale != nullptr || g.prologue.relu;
  if (prologue) {
    for (int c = static_cast<int>(threadIdx.x); c < packed_depth(g.source.channels);
         c += Tile::kThreads) {
      const bool given = g.prologue.scale != nullptr && c < g.source.channels;
      scale[c] = given ? g.prologue.scale[c] : c < g.source.channels ? 1 : 0;
      shift[c] = given ? g.prologue.shift[c] : 0;
    }
    __syncthreads();
  }

  const Pixels source(g, part, first_pixel);
  const int steps_per_tap = (g.source.channels + kStep - 1) / kStep;
  const int steps = part.taps * steps_per_tap;
  // Which of the own rows were inside their image, kOwn bits for each step under way.
  unsigned inside = 0;
  int next_tap = 0;
  int next_depth = 0;
  const auto start_loading = [&](int step) {
    inside <<= Pixels::kOwn;
    if (step < steps) {
      std::byte* slab = slabs + step % kStages * kSlabBytes;
      const GemmTap& tap = part.tap[next_tap];
      inside |= source.load(g, tap, next_depth + Pixels::chunk() * Pixels::kPerChunk, slab);
      load_weights<T, Tile::kN, Tile::kThreads>(g, tap.weights, first_channel, next_depth,
                                                slab + Tile::kM * kRowBytes);
      next_depth += kStep;
      if (next_depth >= g.source.channels) {
        next_depth = 0;
        ++next_tap;
      }
    }
    commit_copies();  // an empty group, too, so that the count of groups is that of steps
  };

  Tile tile;
  for (int step = 0; step < kStages - 1; ++step) start_loading(step);
  int depth = 0;
  for (int step = 0; step < steps; ++step) {
    wait_for_copies<kStages - 2>();
    std::byte* slab = slabs + step % kStages * kSlabBytes;
    if (prologue) {
      const int channel = depth + Pixels::chunk() * Pixels::kPerChunk;
      Pixels::normalise(slab, scale + channel, shift + channel, g.prologue.relu,
                        inside >> (kStages - 2) * Pixels::kOwn);
      depth = depth + kStep < g.source.channels ? depth + kStep : 0;
    }
    // Now this step's slabs are there for all, and all are done with the last step's, which the
    // next load overwrites.
    __syncthreads();
    start_loading(step + kStages - 1);
    tile.multiply(slab, slab + Tile::kM * kRowBytes);
  }

  tile.for_each([&](int row, int channel, Floats<4> sums) {
    const int m = first_pixel + row;
    const int c = first_channel + channel;
    if (m >= pixels || c >= g.epilogue.target.channels) return;
    const int column = m % part.width * g.target_step + part.column;
    const int line = m / part.width % part.height * g.target_step + part.row;
    const std::int64_t image = m / (part.width * part.height);
    const std::int64_t pixel =
        (image * g.epilogue.target.height + line) * g.epilogue.target.width + column;
    finish<T>(g.epilogue, pixel, c, sums);
  });
}

// Starts the kernel on a grid that covers every part.
template <class Tile, int kStages>
void launch_gemm(const GemmArguments& g, int parts, Stream stream) {
  std::int64_t most = 0;
  for (int i = 0; i < parts; ++i) {
    const std::int64_t pixels =
        std::int64_t{g.epilogue.target.images} * g.part[i].height * g.part[i].width;
    most = pixels > most ? pixels : most;
  }
  const std::int64_t blocks =
      blocks_for(most, Tile::kM) * blocks_for(g.epilogue.target.channels, Tile::kN);
  launch(implicit_gemm_kernel<Tile, kStages>,
         {dim3(static_cast<unsigned>(blocks), static_cast<unsigned>(parts)), dim3(Tile::kThreads),
          gemm_shared_bytes<Tile, kStages>(g.source.channels), stream},
         g);
}

}  // namespace odin::cuda
