// How the sums of an implicit GEMM's tile reach memory.
//
// Each thread holds sums where the products left them: four channels here and there. They all go to
// shared memory, where the slabs were, and come back in the order of memory: 16 bytes of a pixel
// for each thread, the next 16 bytes for the next. So the epilogue is one loop, not a copy for
// every four sums.
#pragma once

#include "kernels/cuda/conv/epilogue.cuh"
#include "kernels/cuda/conv/grid.cuh"

namespace odin::cuda {

// A tile's sums in shared memory, as floats, in chunks of four channels.
//
// Eight lanes move 128 bytes at a time, and should meet all 32 banks once. A tile's for_each()
// writes chunks 4 k to 4 k + 3 of two rows; the epilogue reads every second chunk. So rows are an
// odd multiple of four chunks apart, and the two chunks of a pair change places in every second
// group of eight and in every second row.
template <class Tile>
class StagedSums {
 public:
  static constexpr int kPitch = (Tile::kN / 4 + 3) / 8 * 8 + 4;  // of a row, in chunks
  // With each row's pixel.
  static constexpr std::size_t kBytes =
      std::size_t{Tile::kM} * (kPitch * 4 * sizeof(float) + sizeof(int));

  __device__ explicit StagedSums(std::byte* memory)
      : memory_(reinterpret_cast<float*>(memory)),
        pixels_(reinterpret_cast<int*>(memory_ + Tile::kM * kPitch * 4)) {}

  // Where channels [channel, channel + 4) of a row are; channel is a multiple of 4.
  __device__ float* at(int row, int channel) const {
    const int chunk = channel / 4;
    return memory_ + 4 * (row * kPitch + (chunk ^ ((chunk >> 3 ^ row) & 1)));
  }
  // `V` sums from a channel on, which is a multiple of V.
  template <int V>
  __device__ Floats<V> read(int row, int channel) const {
    if constexpr (V == 8) {
      const Floats<4> low = load<4>(at(row, channel));
      const Floats<4> high = load<4>(at(row, channel + 4));
      return {{low.v[0], low.v[1], low.v[2], low.v[3], high.v[0], high.v[1], high.v[2], high.v[3]}};
    } else {
      return load<V>(at(row, channel & ~3) + channel % 4);
    }
  }
  // The target's pixel that a row of the tile is, or -1.
  __device__ int& pixel(int row) const { return pixels_[row]; }

 private:
  float* memory_;
  int* pixels_;
};

// The pixel of the target that row m of a part's product is, or -1 behind the last one.
__device__ inline int target_pixel(const GemmArguments& g, const GemmPart& part, int pixels,
                                   int m) {
  if (m >= pixels) return -1;
  if (g.target_step == 1) return m;  // the only part has them all
  const int column = m % part.width * g.target_step + part.column;
  const int line = m / part.width % part.height * g.target_step + part.row;
  const int image = m / (part.width * part.height);
  return (image * g.epilogue.target.height + line) * g.epilogue.target.width + column;
}

// The share of a tile that a thread writes: 16 bytes of channels of every few rows.
template <class Tile>
struct WrittenRows {
  static constexpr int kChannels = kMasked<typename Tile::Element>;
  static constexpr int kAcross = Tile::kN / kChannels;
  static constexpr int kDistance = Tile::kThreads / kAcross;
  static constexpr int kMost = (Tile::kM + kDistance - 1) / kDistance;

  int first = static_cast<int>(threadIdx.x) / kAcross;
  int channel = static_cast<int>(threadIdx.x) % kAcross * kChannels;  // of the tile
};

// Writes V neighbouring channels, from the tile's channel `channel` on, of the thread's rows. Also
// their bytes of the output's mask, if V channels are a byte.
template <class Tile, int V>
__device__ inline void write_channels(const Epilogue& e, const TilePlace<Tile>& place,
                                      const StagedSums<Tile>& sums, const WrittenRows<Tile>& rows,
                                      int channel) {
  using T = typename Tile::Element;
  using Rows = WrittenRows<Tile>;
  // A thread asks for the operands of a few rows before it uses the first: memory takes as long to
  // answer as some hundred instructions.
  constexpr int kAtOnce = V < 4 ? 1 : Rows::kMost < 4 ? Rows::kMost : 4;
  const int c = place.first_channel + channel;
  const EpilogueFactors<V> factors = load_epilogue_factors<V>(e, c);
#pragma unroll 1
  for (int begin = rows.first; begin < Tile::kM; begin += kAtOnce * Rows::kDistance) {
    EpilogueOperands<T, V> operands[kAtOnce];
    int pixel[kAtOnce];
#pragma unroll
    for (int i = 0; i < kAtOnce; ++i) {
      const int row = begin + i * Rows::kDistance;
      pixel[i] = row < Tile::kM ? sums.pixel(row) : -1;
      if (pixel[i] >= 0) operands[i] = load_operands<T, V>(e, factors, pixel[i], c);
    }
#pragma unroll
    for (int i = 0; i < kAtOnce; ++i) {
      if (pixel[i] < 0) break;
      Floats<V> z = sums.template read<V>(begin + i * Rows::kDistance, channel);
      const unsigned open = finish<T, V>(e, factors, operands[i], pixel[i], c, z);
      if (V == Rows::kChannels && e.output_mask.bytes != nullptr) {
        mask_byte<T>(e.output_mask, pixel[i], c) = static_cast<std::uint8_t>(open);
      }
      if constexpr (V == Rows::kChannels && Tile::kN > kNarrowChannels) {
        if (e.normalised.data != nullptr) write_normalised<T>(e, pixel[i], c, z);
      }
    }
  }
}

// Writes the output's mask where fewer channels than a byte has are written at a time.
template <class Tile>
__device__ inline void write_output_mask(const Epilogue& e, const TilePlace<Tile>& place,
                                         const StagedSums<Tile>& sums,
                                         const WrittenRows<Tile>& rows, int count) {
  using T = typename Tile::Element;
  const int c = place.first_channel + rows.channel;
#pragma unroll 1
  for (int row = rows.first; row < Tile::kM; row += WrittenRows<Tile>::kDistance) {
    const int pixel = sums.pixel(row);
    if (pixel < 0) break;
    unsigned open = 0;
#pragma unroll 1
    for (int k = 0; k < count; ++k) {
      const float bias = e.bias != nullptr ? e.bias[c + k] : 0;
      if (sums.template read<1>(row, rows.channel + k).v[0] + bias > 0) open |= 1u << k;
    }
    mask_byte<T>(e.output_mask, pixel, c) = static_cast<std::uint8_t>(open);
  }
}

// Writes the sums of a tile through the epilogue. `memory` is the block's dynamic shared memory,
// which no copy and no product may use any more after the next barrier.
template <class Tile>
__device__ inline void write_tile(const GemmArguments& g, const TilePlace<Tile>& place,
                                  const Tile& tile, std::byte* memory) {
  using Rows = WrittenRows<Tile>;
  const StagedSums<Tile> sums(memory);
  __syncthreads();  // all threads are done with the slabs
  tile.for_each([&](int row, int channel, Floats<4> few) { store<4>(sums.at(row, channel), few); });
  for (int row = static_cast<int>(threadIdx.x); row < Tile::kM; row += Tile::kThreads) {
    sums.pixel(row) = target_pixel(g, place.part, place.pixels, place.first_pixel + row);
  }
  __syncthreads();

  const Epilogue& e = g.epilogue;
  const Rows rows;
  const int left = e.target.channels - place.first_channel - rows.channel;
  if (rows.first >= Rows::kDistance || left <= 0) return;
  const int count = left < Rows::kChannels ? left : Rows::kChannels;
  // The widest pieces that fill the channels exactly.
  int width = e.width;
  while (count % width != 0) width /= 2;
  if (width == Rows::kChannels) {
    return write_channels<Tile, Rows::kChannels>(e, place, sums, rows, rows.channel);
  }
  if (e.output_mask.bytes != nullptr) write_output_mask(e, place, sums, rows, count);
#pragma unroll 1
  for (int channel = rows.channel; channel < rows.channel + count; channel += width) {
    switch (width) {
      case 4:
        write_channels<Tile, 4>(e, place, sums, rows, channel);
        break;
      case 2:
        write_channels<Tile, 2>(e, place, sums, rows, channel);
        break;
      default:
        write_channels<Tile, 1>(e, place, sums, rows, channel);
    }
  }
}

}  // namespace odin::cuda
