// One block's share of a matrix product: how the threads multiply a slab of A (pixels) with a slab
// of B (channels) in shared memory, and which thread holds which sums. There are two engines:
// tensor cores, and ordinary cores for float.
#pragma once

#include "kernels/cuda/conv/slab.cuh"

namespace odin::cuda {

// Tensor cores: the warps form a kWarpsM x kWarpsN grid. Each multiplies kM / kWarpsM pixels with
// kN / kWarpsN channels, 16 x 8 at a time.
template <class T, int kPixels, int kOutputs, int kWarpsM, int kWarpsN>
class TensorTile {
 public:
  using Element = T;
  using Rows = Rows64;
  static constexpr int kM = kPixels;
  static constexpr int kN = kOutputs;
  static constexpr int kThreads = 32 * kWarpsM * kWarpsN;
  static constexpr int kBlocks = blocks_wanted(kN);

  static constexpr int kBandsM = kM / kWarpsM / 16;  // of a warp, 16 pixels each

  // The row of a slab that holds output channel i of the tile.
  __device__ static int weight_row(int i) { return i; }
  // The pixel of a band whose address the lane gives to matrix loads.
  __device__ static int row_of_lane(int band) {
    return first_row() + 16 * band + static_cast<int>(threadIdx.x % 16);
  }

  // sums += a b^T over the 64 bytes of the slabs' rows.
  __device__ void multiply(const std::byte* a, const std::byte* b) {
#pragma unroll
    for (int step = 0; step < 2; ++step) {  // 32 bytes each
      multiply_slice(
          [=](int band, int chunk) {
            return a + Rows::offset(row_of_lane(band), 2 * step + chunk);
          },
          [=](int row, int chunk) { return b + Rows::offset(row, 2 * step + chunk); });
    }
  }

  // The same over two chunks of each row, wherever they are: a(band, chunk) is the address of a
  // chunk of row_of_lane(band), b(row, chunk) that of a chunk of any row.
  template <class A, class B>
  __device__ void multiply_slice(A a, B b) {
    const int lane = static_cast<int>(threadIdx.x % 32);
    // Rows 0 to 15 in the first chunk, then in the second.
    std::uint32_t rows[kBandsM][4];
#pragma unroll
    for (int i = 0; i < kBandsM; ++i) {
      load_matrices(rows[i], a(i, lane / 16));
      round(rows[i]);
    }
    // Two groups of 8 channels at a time. We choose which channel is which column: the first group
    // takes channels 0, 1, 4, 5, 8, 9, 12 and 13 of 16. A thread gets columns 2 t and 2 t + 1 of
    // both sums, and so holds four neighbouring channels of a pixel.
    const int column = lane % 8;
    const int channel = 4 * (column / 2) + 2 * (lane / 16) + column % 2;
#pragma unroll
    for (int j = 0; j < kBandsN; ++j) {
      std::uint32_t columns[4];
      load_matrices(columns, b(first_channel() + 16 * j + channel, lane / 8 % 2));
      round(columns);
      const std::uint32_t first[2] = {columns[0], columns[1]};
      const std::uint32_t second[2] = {columns[2], columns[3]};
#pragma unroll
      for (int i = 0; i < kBandsM; ++i) {
        multiply_matrices<T>(sums_[i][j][0], rows[i], first);
        multiply_matrices<T>(sums_[i][j][1], rows[i], second);
      }
    }
  }

  // Calls f(row, channel, sums of channels channel to channel + 3) for all sums of this thread.
  template <class F>
  __device__ void for_each(F f) const {
    const int lane = static_cast<int>(threadIdx.x % 32);
#pragma unroll
    for (int i = 0; i < kBandsM; ++i) {
#pragma unroll
      for (int below = 0; below < 2; ++below) {
        const int row = first_row() + 16 * i + 8 * below + lane / 4;
#pragma unroll
        for (int j = 0; j < kBandsN; ++j) {
          const auto& pair = sums_[i][j];
          f(row, first_channel() + 16 * j + 4 * (lane % 4),
            Floats<4>{{pair[0][2 * below], pair[0][2 * below + 1], pair[1][2 * below],
                       pair[1][2 * below + 1]}});
        }
      }
    }
  }

 private:
  static constexpr int kBandsN = kN / kWarpsN / 16;
  static_assert(kBandsM * kWarpsM * 16 == kM && kBandsN * kWarpsN * 16 == kN);

  __device__ static int first_row() {
    return static_cast<int>(threadIdx.x / 32) / kWarpsN * (kM / kWarpsM);
  }
  __device__ static int first_channel() {
    return static_cast<int>(threadIdx.x / 32) % kWarpsN * (kN / kWarpsN);
  }
  __device__ static void round(std::uint32_t (&fragment)[4]) {
    if constexpr (std::is_same_v<T, float>) {
#pragma unroll
      for (std::uint32_t& bits : fragment) bits = round_to_tf32(bits);
    }
  }

  float sums_[kBandsM][kBandsN][2][4] = {};
};

// Ordinary cores, float: 256 threads, each with 4 neighbouring channels of several pixels.
template <int kPixels, int kOutputs>
class CoreTile {
 public:
  using Element = float;
  using Rows = Rows64;
  static constexpr int kM = kPixels;
  static constexpr int kN = kOutputs;
  static constexpr int kThreads = 256;
  static constexpr int kBlocks = 1;  // arithmetic is the bottleneck, so registers are worth more

  __device__ static int weight_row(int i) { return i; }

  __device__ void multiply(const std::byte* a, const std::byte* b) {
#pragma unroll
    for (int chunk = 0; chunk < Rows::kChunks; ++chunk) {
      Floats<4> weights[4];
#pragma unroll
      for (int k = 0; k < 4; ++k) weights[k] = load_chunk(b, channel() + k, chunk);
#pragma unroll
      for (int i = 0; i < kRows; ++i) {
        const Floats<4> x = load_chunk(a, row(i), chunk);
#pragma unroll
        for (int k = 0; k < 4; ++k) {
#pragma unroll
          for (int d = 0; d < 4; ++d) {
            sums_[i].v[k] = fmaf(x.v[d], weights[k].v[d], sums_[i].v[k]);
          }
        }
      }
    }
  }

  template <class F>
  __device__ void for_each(F f) const {
#pragma unroll
    for (int i = 0; i < kRows; ++i) f(row(i), channel(), sums_[i]);
  }

 private:
  static constexpr int kAcross = kN / 4;
  static constexpr int kDown = kThreads / kAcross;
  static constexpr int kRows = kM / kDown;
  static_assert(kAcross * 4 == kN && kRows * kDown == kM);

  __device__ static int channel() {
    return static_cast<int>(threadIdx.x) % kAcross * 4;
  }
  __device__ static int row(int i) {
    return static_cast<int>(threadIdx.x) / kAcross + i * kDown;
  }
  __device__ static Floats<4> load_chunk(const std::byte* slab, int row, int chunk) {
    return load<4>(reinterpret_cast<const float*>(slab + Rows::offset(row, chunk)));
  }

  Floats<4> sums_[kRows] = {};
};

}  // namespace odin::cuda
