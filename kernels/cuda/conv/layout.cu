#include "kernels/cuda/device/element.cuh"
#include "kernels/cuda/device/shared.cuh"
#include "kernels/cuda/operations.h"

namespace odin::cuda {
namespace {

constexpr int kTile = 32;
constexpr int kRows = 8;  // threads along the tile's slow axis

// One extra column, so that reading down a column touches every bank once.
struct TransposeTile {
  float value[kTile][kTile + 1];
};

// An image is a matrix (C, H W) on one side and its transpose on the other. Both sides are read and
// written along their own rows; the tile in shared memory turns one into the other.
// Blocks: (tiles of pixels, tiles of channels, images).
template <class T>
__global__ void from_nchw_kernel(const float* from, Rows<T> to_rows, int channels, int pixels) {
  auto& tile = block_shared<TransposeTile>();
  const int image = static_cast<int>(blockIdx.z);
  const int pixel0 = static_cast<int>(blockIdx.x) * kTile;
  const int channel0 = static_cast<int>(blockIdx.y) * kTile;
  const int x = static_cast<int>(threadIdx.x);
  for (int y = static_cast<int>(threadIdx.y); y < kTile; y += kRows) {
    const int channel = channel0 + y;
    const int pixel = pixel0 + x;
    if (channel < channels && pixel < pixels) {
      tile.value[y][x] = from[(std::int64_t{image} * channels + channel) * pixels + pixel];
    }
  }
  __syncthreads();
  for (int y = static_cast<int>(threadIdx.y); y < kTile; y += kRows) {
    const int pixel = pixel0 + y;
    const int channel = channel0 + x;
    if (channel < channels && pixel < pixels) {
      *to_rows.at(std::int64_t{image} * pixels + pixel, channel) = to<T>(tile.value[x][y]);
    }
  }
}

template <class T>
__global__ void to_nchw_kernel(Rows<const T> from_rows, float* target, int channels, int pixels) {
  auto& tile = block_shared<TransposeTile>();
  const int image = static_cast<int>(blockIdx.z);
  const int pixel0 = static_cast<int>(blockIdx.x) * kTile;
  const int channel0 = static_cast<int>(blockIdx.y) * kTile;
  const int x = static_cast<int>(threadIdx.x);
  for (int y = static_cast<int>(threadIdx.y); y < kTile; y += kRows) {
    const int pixel = pixel0 + y;
    const int channel = channel0 + x;
    if (channel < channels && pixel < pixels) {
      tile.value[y][x] = to_float(*from_rows.at(std::int64_t{image} * pixels + pixel, channel));
    }
  }
  __syncthreads();
  for (int y = static_cast<int>(threadIdx.y); y < kTile; y += kRows) {
    const int channel = channel0 + y;
    const int pixel = pixel0 + x;
    if (channel < channels && pixel < pixels) {
      target[(std::int64_t{image} * channels + channel) * pixels + pixel] = tile.value[x][y];
    }
  }
}

// Calls f(first image, geometry) for groups of images, each as large as a grid allows.
template <class F>
void for_images(const ConstView& view, Stream stream, F f) {
  constexpr int kMost = 65535;
  if (view.numel() == 0) return;
  const auto tiles = [](int extent) { return static_cast<unsigned>(blocks_for(extent, kTile)); };
  for (int first = 0; first < view.images; first += kMost) {
    const int count = view.images - first < kMost ? view.images - first : kMost;
    const dim3 grid(tiles(view.height * view.width), tiles(view.channels),
                    static_cast<unsigned>(count));
    f(first, Geometry(grid, dim3(kTile, kRows), 0, stream));
  }
}

}  // namespace

void from_nchw(const float* from, View to, Stream stream) {
  const int pixels = to.height * to.width;
  with_type(to.element, [&](auto t) {
    using T = decltype(t);
    for_images(to, stream, [&](int first, const Geometry& geometry) {
      launch(from_nchw_kernel<T>, geometry, from + std::int64_t{first} * pixels * to.channels,
             Rows<T>{static_cast<T*>(to.data) + std::int64_t{first} * pixels * to.pitch, to.pitch},
             to.channels, pixels);
    });
  });
}

void to_nchw(ConstView from, float* to, Stream stream) {
  const int pixels = from.height * from.width;
  with_type(from.element, [&](auto t) {
    using T = decltype(t);
    for_images(from, stream, [&](int first, const Geometry& geometry) {
      launch(to_nchw_kernel<T>, geometry,
             Rows<const T>{
                 static_cast<const T*>(from.data) + std::int64_t{first} * pixels * from.pitch,
                 from.pitch},
             to + std::int64_t{first} * pixels * from.channels, from.channels, pixels);
    });
  });
}

}  // namespace odin::cuda
