#include "kernels/augmentation.h"
#include "kernels/cuda/backend.h"
#include "kernels/cuda/device/element.cuh"
#include "kernels/cuda/runtime/view_of.h"

namespace odin::cuda {
namespace {

struct Source {
  const std::uint8_t* images;
  const std::int32_t* indices;
  const float* mean;
  const float* std;
  RandomKey key;
  Augmentation augmentation;
};

// One thread per pixel of y, for all channels. Every thread of an image draws the same numbers,
// which is cheaper than passing them on.
__global__ void augment_kernel(Source source, Rows<float> y, int channels, int height, int width,
                               std::int64_t pixels) {
  const std::int64_t pixel = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (pixel >= pixels) return;
  const int plane = height * width;
  const std::int64_t n = pixel / plane;
  const int i = static_cast<int>(pixel % plane) / width;
  const int j = static_cast<int>(pixel % plane) % width;
  const AugmentationDraw draw =
      draw_augmentation(source.augmentation.crop_padding, source.augmentation.flip, source.key.seed,
                        source.key.stream, static_cast<std::uint64_t>(n));
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

void CudaBackend::do_augment(const Augmentation& augmentation, RandomKey key,
                             ConstTensorView images, ConstTensorView indices, ConstTensorView mean,
                             ConstTensorView std, TensorView y) {
  const View to = view_of(y);
  constexpr unsigned kThreads = 256;
  launch(
      augment_kernel,
      {dim3(static_cast<unsigned>(blocks_for(to.pixels(), kThreads))), dim3(kThreads), 0, stream_},
      Source{images.data<std::uint8_t>(), indices.data<std::int32_t>(), mean.data<float>(),
             std.data<float>(), key, augmentation},
      rows<float>(to), to.channels, to.height, to.width, to.pixels());
}

}  // namespace odin::cuda
