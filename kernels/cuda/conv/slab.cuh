// What the implicit GEMMs bring into shared memory, and its layout there: slabs of a tile's rows
// and a few channels. A is gathered from the activation and passes through the prologue; B is the
// packed weights.
//
// A row of a slab is kBytes of one pixel, or of one output channel's weights, in chunks of 16
// bytes. Plain rows would put the same chunk of several rows into the same banks. So each row
// permutes its chunks; Tile::Rows says how.
#pragma once

#include <algorithm>

#include "kernels/cuda/conv/write_tile.cuh"
#include "kernels/cuda/device/tensor_core.cuh"

namespace odin::cuda {

// Rows for ldmatrix and ordinary loads: any 8 rows that a matrix load takes at once (8 in sequence,
// or pairs 4 apart) are spread over all 32 banks.
struct Rows64 {
  static constexpr int kBytes = 64;
  static constexpr int kChunks = kBytes / kChunkBytes;
  static constexpr int kPeriod = 32;  // rows after which the permutation is the same
  // Where chunk `chunk` of row `row` begins.
  __device__ static int offset(int row, int chunk) {
    return row * kBytes + (chunk ^ ((row >> 1 ^ row >> 3) & 3)) * kChunkBytes;
  }
};

// Bytes of a stage: a slab of A, followed by one of B.
template <class Tile>
constexpr int kStageBytes = (Tile::kM + Tile::kN) * Tile::Rows::kBytes;

// Blocks that a multiprocessor should have room for, as far as its shared memory goes.
template <class Tile, int kStages>
constexpr int kBlocks = std::min(Tile::kBlocks, 227 * 1024 / (kStages * kStageBytes<Tile>));

// Channels that a slab holds.
template <class Tile>
constexpr int kStep = Tile::Rows::kBytes / static_cast<int>(sizeof(typename Tile::Element));

// Bytes of dynamic shared memory: the stages and the prologue's factors and, in their place, the
// sums on their way to memory.
template <class Tile, int kStages>
constexpr std::size_t gemm_shared_bytes(int channels) {
  const std::size_t gathered = std::size_t{kStages} * kStageBytes<Tile> +
                               2 * static_cast<std::size_t>(packed_depth(channels)) * sizeof(float);
  return gathered < StagedSums<Tile>::kBytes ? StagedSums<Tile>::kBytes : gathered;
}

// Starts to load the first `bytes` of a chunk, and zeros behind them, kPiece bytes at a time.
template <int kPiece>
__device__ inline void copy_pieces(std::byte* chunk, const std::byte* from, int bytes) {
#pragma unroll
  for (int begin = 0; begin < kChunkBytes; begin += kPiece) {
    copy_async<kPiece>(chunk + begin, from + begin, begin < bytes);
  }
}

// The same in the widest pieces that `bytes` is a multiple of and for which `from` is aligned, to
// source_bytes. (What is not read need not be there.)
template <class T>
__device__ inline void copy_chunk(std::byte* chunk, const T* from, int bytes, int source_bytes) {
  const auto* bytes_from = reinterpret_cast<const std::byte*>(from);
  if (source_bytes == 16 && bytes % 16 == 0) {
    copy_pieces<16>(chunk, bytes_from, bytes);
  } else if (source_bytes >= 8 && bytes % 8 == 0) {
    copy_pieces<8>(chunk, bytes_from, bytes);
  } else {
    copy_pieces<4>(chunk, bytes_from, bytes);
  }
}

// The share of A that a thread loads: one chunk of every few rows.
template <class Tile>
class PixelRows {
 public:
  using T = typename Tile::Element;
  using Rows = typename Tile::Rows;
  static constexpr int kPerChunk = kChunkBytes / static_cast<int>(sizeof(T));
  static constexpr int kOwn = Tile::kM * Rows::kChunks / Tile::kThreads;
  static constexpr int kRowDistance = Tile::kThreads / Rows::kChunks;
  static_assert(kOwn * Tile::kThreads == Tile::kM * Rows::kChunks);
  static_assert(kRowDistance % Rows::kPeriod == 0);  // so a thread's chunks are equally far apart
  static_assert(kMostReach * kOwn <= 32);

  __device__ PixelRows(const GemmArguments& g, const GemmPart& part, int first_pixel) {
    const int pixel = first_pixel + row(0);
    int image = pixel / (part.width * part.height);
    int line = pixel / part.width % part.height;
    int column = pixel % part.width;
#pragma unroll
    for (int i = 0; i < kOwn; ++i) {
      const int first_line = line * g.source_step + part.first_row;
      const int first_column = column * g.source_step + part.first_column;
      pixel_[i] = (image * g.source.height + first_line) * g.source.width + first_column;
      const bool exists = image < g.source.images;
#pragma unroll
      for (int k = 0; k < kMostReach; ++k) {
        const unsigned bit = 1u << (k * kOwn + i);
        const auto at = [k](int first) { return static_cast<unsigned>(first + k); };
        if (exists && at(first_line) < static_cast<unsigned>(g.source.height)) lines_ |= bit;
        if (at(first_column) < static_cast<unsigned>(g.source.width)) columns_ |= bit;
      }
      // On to the next row; divisions take longer.
      for (column += kRowDistance; column >= part.width; column -= part.width) {
        if (++line == part.height) line = 0, ++image;
      }
    }
  }

  __device__ static int chunk() {
    return static_cast<int>(threadIdx.x) % Rows::kChunks;
  }
  __device__ static int row(int i) {
    return static_cast<int>(threadIdx.x) / Rows::kChunks + i * kRowDistance;
  }
  // Where the thread's chunk of row(i) is in a slab.
  __device__ static int offset(int i) {
    return Rows::offset(row(0), chunk()) + i * kRowDistance * Rows::kBytes;
  }

  // Starts to load channels [first, first + kPerChunk) of the tap's pixels into the slab. Bit i of
  // the result is set if row i is inside its image.
  __device__ unsigned load(const GemmArguments& g, const GemmTap& tap, int first,
                           std::byte* slab) const {
    const int left = (g.source.channels - first) * static_cast<int>(sizeof(T));
    const int bytes = left < kChunkBytes ? (left > 0 ? left : 0) : kChunkBytes;
    unsigned inside = lines_ >> tap.row * kOwn & columns_ >> tap.column * kOwn;
    inside = bytes > 0 ? inside & ((1u << kOwn) - 1) : 0;
    const auto* from = reinterpret_cast<const std::byte*>(
        static_cast<const T*>(g.source.data) + std::int64_t{tap.distance} * g.source.pitch + first);
    const auto pitch = static_cast<int>(g.source.pitch) * static_cast<int>(sizeof(T));
    // The widest pieces that the pixels are aligned for and that fill the chunk exactly.
    if (g.source_bytes == 16 && bytes % 16 == 0) {
      load_pieces<16>(from, pitch, inside, bytes, slab);
    } else if (g.source_bytes >= 8 && bytes % 8 == 0) {
      load_pieces<8>(from, pitch, inside, bytes, slab);
    } else {
      load_pieces<4>(from, pitch, inside, bytes, slab);
    }
    return inside;
  }

  // Applies the prologue to the thread's chunks of a slab: z = relu(scale x + shift), but zero
  // outside the image.
  __device__ static void normalise(std::byte* slab, const float* scale, const float* shift,
                                   bool relu, unsigned inside) {
    const Floats<4> scale_low = cuda::load<4>(scale);
    const Floats<4> shift_low = cuda::load<4>(shift);
    const Floats<4> scale_high = cuda::load<4>(scale + kPerChunk - 4);
    const Floats<4> shift_high = cuda::load<4>(shift + kPerChunk - 4);
#pragma unroll
    for (int i = 0; i < kOwn; ++i) {
      if ((inside >> i & 1u) == 0) continue;
      auto* place = reinterpret_cast<T*>(slab + offset(i));
      Floats<kPerChunk> z = cuda::load<kPerChunk>(place);
#pragma unroll
      for (int c = 0; c < kPerChunk; ++c) {
        const float s = c < 4 ? scale_low.v[c % 4] : scale_high.v[c % 4];
        const float b = c < 4 ? shift_low.v[c % 4] : shift_high.v[c % 4];
        z.v[c] = fmaf(s, z.v[c], b);
        if (relu && z.v[c] < 0) z.v[c] = 0;
      }
      store<kPerChunk>(place, z);
    }
  }

  // Writes the mask of the thread's chunks, before they pass through the prologue; a byte of the
  // mask covers one chunk. Row m of the product must be pixel m of the source. This is not part of
  // normalise(), where it would cost every pass the registers that only the first one needs.
  __device__ static void write_mask(ReluMask mask, int first_pixel, int channel,
                                    const std::byte* slab, const float* scale, const float* shift,
                                    unsigned inside) {
    static_assert(kPerChunk == kMasked<T>);
    std::int64_t place = (std::int64_t{first_pixel} + row(0)) * mask.pitch + channel / kPerChunk;
#pragma unroll 1
    for (int i = 0; i < kOwn; ++i, place += kRowDistance * mask.pitch) {
      if ((inside >> i & 1u) == 0) continue;
      const auto* chunk_of_row = reinterpret_cast<const T*>(slab + offset(i));
      unsigned open = 0;
#pragma unroll 1
      for (int first = 0; first < kPerChunk; first += 4) {
        const auto x = cuda::load<4>(chunk_of_row + first);
        const auto factor = cuda::load<4>(scale + first);
        const auto summand = cuda::load<4>(shift + first);
#pragma unroll
        for (int c = 0; c < 4; ++c) {
          if (fmaf(factor.v[c], x.v[c], summand.v[c]) > 0) open |= 1u << (first + c);
        }
      }
      mask.bytes[place] = static_cast<std::uint8_t>(open);
    }
  }

 private:
  // Starts to load `bytes` of a chunk for each row that is inside, and zeros for the rest, kPiece
  // bytes at a time. `from` is where pixel 0 would have its chunk.
  template <int kPiece>
  __device__ void load_pieces(const std::byte* from, int pitch, unsigned inside, int bytes,
                              std::byte* slab) const {
#pragma unroll
    for (int i = 0; i < kOwn; ++i) {
      const int there = kPiece == kChunkBytes ? kChunkBytes : bytes;
      copy_pieces<kPiece>(slab + offset(i), from + std::int64_t{pixel_[i]} * pitch,
                          (inside >> i & 1u) != 0 ? there : 0);
    }
  }

  int pixel_[kOwn];  // of the source, to which a tap (0, 0) leads
  // Bit k kOwn + i: row k of the taps, or column k, is inside the image for row i.
  unsigned lines_ = 0;
  unsigned columns_ = 0;
};

// Starts to load the weights of a tap and output channels [first_channel, first_channel + kN) into
// the slab; `channel` is the first input channel of the thread's chunk. Loads zeros beyond the last
// output channel and beyond the packed depth.
template <class Tile>
__device__ inline void load_weights(const GemmArguments& g, int tap, int first_channel, int channel,
                                    std::byte* slab) {
  using T = typename Tile::Element;
  constexpr int kChunks = Tile::Rows::kChunks;
  constexpr int kRowDistance = Tile::kThreads / kChunks;
  static_assert(kRowDistance * kChunks ==
                Tile::kThreads);  // so a thread's chunk is always the same
  static_assert(kRowDistance % Tile::Rows::kPeriod == 0);
  const int row = static_cast<int>(threadIdx.x) / kChunks;
  const int rows = channel < g.depth ? g.epilogue.target.channels - first_channel : 0;
  const std::int64_t first_row =
      std::int64_t{tap} * g.epilogue.target.channels + first_channel + row;
  const auto* from = static_cast<const T*>(g.weights) + first_row * g.depth + channel;
  std::byte* target =
      slab + Tile::Rows::offset(Tile::weight_row(row), static_cast<int>(threadIdx.x) % kChunks);
#pragma unroll
  for (int i = 0; i < Tile::kN; i += kRowDistance) {
    if (i + kRowDistance > Tile::kN && i + row >= Tile::kN) break;
    copy_async<kChunkBytes>(target + i * Tile::Rows::kBytes, from + std::int64_t{i} * g.depth,
                            row + i < rows);
  }
}

// The prologue, with its factors in shared memory for the whole packed depth.
template <class Tile>
struct Prologue {
  float* scale;
  float* shift;
  bool given;  // otherwise the input is used as it is

  // Writes the factors into `memory`; if there is a prologue, a barrier must follow.
  __device__ Prologue(const GemmArguments& g, float* memory)
      : scale(memory),
        shift(memory + packed_depth(g.source.channels)),
        given(g.prologue.scale != nullptr || g.prologue.relu) {
    if (!given) return;
    for (int c = static_cast<int>(threadIdx.x); c < packed_depth(g.source.channels);
         c += static_cast<int>(blockDim.x)) {
      const bool has_scale = g.prologue.scale != nullptr && c < g.source.channels;
      scale[c] = has_scale ? g.prologue.scale[c] : c < g.source.channels ? 1 : 0;
      shift[c] = has_scale ? g.prologue.shift[c] : 0;
    }
  }

  // Applies the prologue to the thread's chunks of a slab, which begin at `channel` of a tap; bit i
  // of `inside` is set if row i is inside its image. Also writes the input's mask if one is wanted:
  // at the tap that meets every pixel once, in the first of the tiles that share their pixels.
  __device__ void apply(const GemmArguments& g, const TilePlace<Tile>& place, int tap, int channel,
                        unsigned inside, std::byte* slab) const {
    using Pixels = PixelRows<Tile>;
    if (g.input_mask.bytes != nullptr && tap == g.mask_tap && place.first_channel == 0) {
      Pixels::write_mask(g.input_mask, place.first_pixel, channel, slab, scale + channel,
                         shift + channel, inside);
    }
    Pixels::normalise(slab, scale + channel, shift + channel, g.prologue.relu, inside);
  }
};

}  // namespace odin::cuda
