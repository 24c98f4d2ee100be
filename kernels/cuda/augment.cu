#include "kernels/augmentation.h"
#include "kernels/cuda/augment.h"
#include "kernels/cuda/device/element.cuh"

namespace odin::cuda {
namespace {

struct Source {
  const std::uint8_t* images;
  const std::int32_t* indices;
  const float* mean;
  const float* std;
  std::uint64_t seed;
  std::uint64_t key_stream;
  int crop_padding;
  bool flip;
};

// One thread per pixel of y, all channels: every thread of an image draws the same numbers, which is
// cheaper than to hand them on.
__global__ void augment_kernel(Source source, Rows<float> y, int channels, int height, int width,
                               std::int64_t pixels) {
  const std::int64_t pixel = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (pixel >= pixels) return;
  const int plane = height * width;
  const std::int64_t n = pixel / plane;
  const int i = static_cast<int>(pixel % plane) / width;
  const int j = static_cast<int>(pixel % plane) % width;
  const AugmentationDraw draw = draw_augmentation(source.crop_padding, source.flip, source.seed,
                                                  source.key_stream, static_cast<std::uint64_t>(n));
  const int row = i + draw.down;
  const int column = (draw.mirrored ? width - 1 - j : j) + draw.right;
  const bool inside = row >= 0 && row < height && column >= 0 && column < width;
  const std::uint8_t* from =
      source.images + source.indices[n] * std::int64_t{channels} * plane + row * width + column;
  for (int c = 0; c < channels; ++c) {
    const float value = inside ? static_cast<float>(from[std::int64_t{c} * plane]) : 0.0f;
    *y.at(pixel, c) = (value / 255 - source.mean[c]) / source.std[c];
  }
}

}  // namespace

void augment(int crop_padding, bool flip, std::uint64_t seed, std::uint64_t key_stream,
             const std::uint8_t* images, const std::int32_t* indices, const float* mean,
             const float* std, View y, Stream stream) {
  expect(y.element == Element::kFloat, "augmented images are float");
  if (y.empty()) return;
  constexpr unsigned kThreads = 256;
  launch(augment_kernel,
         {dim3(static_cast<unsigned>(blocks_for(y.pixels(), kThreads))), dim3(kThreads), 0, stream},
         Source{images, indices, mean, std, seed, key_stream, crop_padding, flip}, rows<float>(y),
         y.channels, y.height, y.width, y.pixels());
}

}  // namespace odin::cuda
