// The pattern of most small kernels: an operation on every element, 16 bytes a thread.
#pragma once

#include <initializer_list>

#include "kernels/cuda/device/element.cuh"

namespace odin::cuda {

// One thread per V neighbouring channels of a pixel. Operation has
//   template <int V> __device__ void apply(std::int64_t pixel, std::int64_t channel) const
// for V channels at once. Channels at a pixel's end that fill no vector are done one by one.
template <int V, class Operation>
__global__ void map_kernel(Operation operation, std::int64_t channels, unsigned vectors,
                           std::int64_t count) {
  const std::int64_t index = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (index >= count) return;
  const auto i = static_cast<unsigned>(index);  // 64-bit division is slow
  const std::int64_t pixel = i / vectors;
  const std::int64_t channel = std::int64_t{i % vectors} * V;
  if (channel + V <= channels) {
    operation.template apply<V>(pixel, channel);
  } else {
    for (std::int64_t c = channel; c < channels; ++c) operation.template apply<1>(pixel, c);
  }
}

template <int V, class Operation>
void map_with(const Operation& operation, std::int64_t pixels, std::int64_t channels,
              Stream stream) {
  constexpr unsigned kThreads = 256;
  const std::int64_t vectors = (channels + V - 1) / V;
  const std::int64_t count = pixels * vectors;
  expect(count <= 0xffffffff, "an operand of more than 2^32 vectors is not supported");
  launch(map_kernel<V, Operation>,
         {dim3(static_cast<unsigned>(blocks_for(count, kThreads))), dim3(kThreads), 0, stream},
         operation, channels, static_cast<unsigned>(vectors), count);
}

// Applies the operation to every element of a (pixels, channels) matrix, in vectors if every
// operand is aligned for them.
template <class Operation>
void map(const Operation& operation, std::int64_t pixels, std::int64_t channels,
         std::initializer_list<ConstView> operands, Stream stream) {
  if (pixels == 0 || channels == 0) return;
  bool aligned = true;
  bool narrow = true;
  for (const ConstView& view : operands) {
    aligned = aligned && is_aligned(view);
    narrow = narrow && size_of(view.element) == 2;
  }
  if (!aligned) return map_with<1>(operation, pixels, channels, stream);
  if constexpr (Operation::kNarrow) {
    if (narrow) return map_with<8>(operation, pixels, channels, stream);
  }
  map_with<4>(operation, pixels, channels, stream);
}

// The same for operations that treat all channels alike: operands without gaps are one long row.
template <class Operation>
void map_flat(const Operation& operation, std::initializer_list<ConstView> operands,
              Stream stream) {
  const ConstView& first = *operands.begin();
  bool dense = true;
  for (const ConstView& view : operands) {
    expect(same_shape(view, first), "the operands of an elementwise operation differ in shape");
    dense = dense && view.pitch == view.channels;
  }
  if (dense) return map(operation, first.numel() > 0 ? 1 : 0, first.numel(), operands, stream);
  map(operation, first.pixels(), first.channels, operands, stream);
}

}  // namespace odin::cuda
