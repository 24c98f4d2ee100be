#include "kernels/cuda/conv/slab.cuh"
#include "kernels/cuda/conv/tile.cuh"
#include "kernels/cuda/device/shared.cuh"

// Windows of 3 x 3 over few channels. The implicit GEMM would read every pixel nine times, once for
// each tap, and with 12 or 48 channels it does little else. Here a block loads its pixels once,
// with those around them (the halo), and takes all nine taps from shared memory.
//
// A tile is 256 pixels in the order of memory. A tap leads all of them equally far: (row, column)
// is row x width + column pixels on. So pixels and halo are one piece of memory, width + 1 pixels
// longer at either end. What lies beyond a border of the image is somebody else's pixel there;
// instead of it a thread reads a row of zeros.
namespace odin::cuda {
namespace {

constexpr int kPixels = 256;
constexpr int kWarps = 8;

// Rows of shared memory: first the pixels with their halo, then a row of zeros, then the weights of
// each tap. Each has the channels, rounded up to whole products, and a chunk more, so that eight
// rows in sequence lie in different banks.
template <class Tile>
struct HaloRows {
  static constexpr int kTaps = 9;

  int chunks;  // of a row, even
  int pitch;   // in bytes
  int zeros;   // number of the row of zeros
  int weights;

  __host__ __device__ explicit HaloRows(const GemmArguments& g)
      : chunks((g.source.channels + 15) / 16 * 2),
        pitch((chunks + 1) * kChunkBytes),
        zeros(Tile::kM + 2 * (g.source.width + 1)),
        weights(zeros + 1) {}

  __host__ __device__ std::size_t bytes() const {
    const auto gathered =
        static_cast<std::size_t>(weights + kTaps * Tile::kN) * static_cast<std::size_t>(pitch);
    return gathered < StagedSums<Tile>::kBytes ? StagedSums<Tile>::kBytes : gathered;
  }
};

// Starts to load all pixels that the tile needs, and the zeros.
template <class Tile>
__device__ inline void load_pixels(const GemmArguments& g, const TilePlace<Tile>& place,
                                   const HaloRows<Tile>& rows, std::byte* memory) {
  using T = typename Tile::Element;
  constexpr int kPerChunk = kMasked<T>;
  const int first_pixel = place.first_pixel - (g.source.width + 1);
  for (int i = static_cast<int>(threadIdx.x); i < rows.weights * rows.chunks; i += Tile::kThreads) {
    const int row = i / rows.chunks;
    const int channel = i % rows.chunks * kPerChunk;
    const int pixel = first_pixel + row;
    const bool there = row < rows.zeros && pixel >= 0 && pixel < place.pixels;
    const int left = (g.source.channels - channel) * static_cast<int>(sizeof(T));
    const int bytes = there && left > 0 ? left < kChunkBytes ? left : kChunkBytes : 0;
    copy_chunk(memory + row * rows.pitch + i % rows.chunks * kChunkBytes,
               static_cast<const T*>(g.source.data) + pixel * g.source.pitch + channel, bytes,
               g.source_bytes);
  }
}

// Starts to load the weights of all taps.
template <class Tile>
__device__ inline void load_all_weights(const GemmArguments& g, const TilePlace<Tile>& place,
                                        const HaloRows<Tile>& rows, std::byte* memory) {
  using T = typename Tile::Element;
  const int outputs = g.epilogue.target.channels;
  for (int i = static_cast<int>(threadIdx.x); i < HaloRows<Tile>::kTaps * Tile::kN * rows.chunks;
       i += Tile::kThreads) {
    const int row = i / rows.chunks;
    const int chunk = i % rows.chunks;
    const int output = row % Tile::kN;
    const bool there = output < outputs;
    const int tap = place.part.tap[row / Tile::kN].weights;
    const T* from =
        static_cast<const T*>(g.weights) + (tap * outputs + output) * g.depth + chunk * kMasked<T>;
    copy_async<kChunkBytes>(memory + (rows.weights + row) * rows.pitch + chunk * kChunkBytes, from,
                            there);
  }
}

// Bit t: tap t of a row's pixel is inside the image.
__device__ inline unsigned taps_inside(const GemmArguments& g, const GemmPart& part, int pixel) {
  const int line = pixel / part.width % part.height + part.first_row;
  const int column = pixel % part.width + part.first_column;
  unsigned inside = 0;
  for (int t = 0; t < part.taps; ++t) {
    const auto i = static_cast<unsigned>(line + part.tap[t].row);
    const auto j = static_cast<unsigned>(column + part.tap[t].column);
    if (i < static_cast<unsigned>(g.source.height) && j < static_cast<unsigned>(g.source.width)) {
      inside |= 1u << t;
    }
  }
  return inside;
}

// Two or three blocks on a multiprocessor: while one loads, others multiply.
template <class Tile>
__global__ void __launch_bounds__(Tile::kThreads, Tile::kN <= 16 ? 3 : 2)
    conv_halo_kernel(const __grid_constant__ GemmArguments g) {
  const TilePlace<Tile> place(g);
  if (place.first_pixel >= place.pixels) return;
  auto* memory = dynamic_shared<std::byte>();
  const HaloRows<Tile> rows(g);
  load_pixels(g, place, rows, memory);
  load_all_weights(g, place, rows, memory);
  commit_copies();

  // A lane gives the address of one row of each band.
  unsigned inside[Tile::kBandsM];
#pragma unroll
  for (int i = 0; i < Tile::kBandsM; ++i) {
    inside[i] = taps_inside(g, place.part, place.first_pixel + Tile::row_of_lane(i));
  }
  wait_for_copies<0>();
  __syncthreads();

  Tile tile;
#pragma unroll 1
  for (int t = 0; t < HaloRows<Tile>::kTaps; ++t) {
    const std::byte* pixels[Tile::kBandsM];
#pragma unroll
    for (int i = 0; i < Tile::kBandsM; ++i) {
      const int row = Tile::row_of_lane(i) + place.part.tap[t].distance;
      pixels[i] = memory + ((inside[i] >> t & 1u) != 0 ? row : rows.zeros) * rows.pitch;
    }
    const std::byte* weights = memory + (rows.weights + t * Tile::kN) * rows.pitch;
#pragma unroll 1
    for (int begin = 0; begin < rows.chunks * kChunkBytes; begin += 2 * kChunkBytes) {
      tile.multiply_slice(
          [&](int band, int chunk) { return pixels[band] + begin + chunk * kChunkBytes; },
          [&](int row, int chunk) {
            return weights + row * rows.pitch + begin + chunk * kChunkBytes;
          });
    }
  }
  write_tile(g, place, tile, memory);
}

template <class Tile>
void launch_tile(const GemmArguments& g, Stream stream) {
  launch_tiles<Tile>(conv_halo_kernel<Tile>, HaloRows<Tile>(g).bytes(), g, 1, stream);
}

template <class T>
void launch_type(const GemmArguments& g, Stream stream) {
  if (g.epilogue.target.channels <= 16) {
    launch_tile<TensorTile<T, kPixels, 16, kWarps, 1>>(g, stream);
  } else {
    launch_tile<TensorTile<T, kPixels, 48, kWarps, 1>>(g, stream);
  }
}

}  // namespace

void conv_halo(const GemmArguments& g, Stream stream) {
  expect(g.source.element != Element::kFloat, "the halo version multiplies half precision only");
  if (g.source.element == Element::kHalf) {
    launch_type<Half>(g, stream);
  } else {
    launch_type<BFloat16>(g, stream);
  }
}

}  // namespace odin::cuda
