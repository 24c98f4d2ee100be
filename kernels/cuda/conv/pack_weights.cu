#include "kernels/cuda/conv/convolution.h"
#include "kernels/cuda/device/element.cuh"

namespace odin::cuda {
namespace {

// A thread per element of packed[tap][row][depth]: w[row][depth][tap], or w[depth][row][tap] for
// the backward pass, and zeros beyond the depth.
template <class T>
__global__ void pack_kernel(const float* w, int row_count, int depth, int taps, bool backward,
                            T* packed, std::int64_t count) {
  const std::int64_t index = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (index >= count) return;
  const int padded = packed_depth(depth);
  const int k = static_cast<int>(index % padded);
  const std::int64_t row = index / padded % row_count;
  const std::int64_t tap = index / padded / row_count;
  const std::int64_t place = backward ? k * std::int64_t{row_count} + row : row * depth + k;
  packed[index] = to<T>(k < depth ? w[place * taps + tap] : 0);
}

void pack(const float* w, int row_count, int depth, int kernel, bool backward, Element element,
          void* packed, Stream stream) {
  constexpr unsigned kThreads = 256;
  const std::int64_t count = packed_weights(kernel, row_count, depth);
  with_type(element, [&](auto t) {
    using T = decltype(t);
    launch(pack_kernel<T>,
           {dim3(static_cast<unsigned>(blocks_for(count, kThreads))), dim3(kThreads), 0, stream}, w,
           row_count, depth, kernel * kernel, backward, static_cast<T*>(packed), count);
  });
}

}  // namespace

void pack_forward_weights(const float* w, int outputs, int inputs, int kernel, Element element,
                          void* packed, Stream stream) {
  pack(w, outputs, inputs, kernel, false, element, packed, stream);
}

void pack_backward_weights(const float* w, int outputs, int inputs, int kernel, Element element,
                           void* packed, Stream stream) {
  pack(w, inputs, outputs, kernel, true, element, packed, stream);
}

}  // namespace odin::cuda
