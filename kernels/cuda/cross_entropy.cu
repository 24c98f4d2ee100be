#include "kernels/cuda/backend.h"
#include "kernels/cuda/device/element.cuh"
#include "kernels/cuda/device/reduce.cuh"
#include "kernels/cuda/operations.h"
#include "kernels/cuda/runtime/view_of.h"

// One warp per row, in double: rows are few and short, and at a temperature of 1000 a row's
// softmax differs from the uniform distribution only in digits that float rounds away.
namespace odin::cuda {
namespace {

constexpr int kWarps = 8;

struct Largest {
  float value;
  int index;
};

// The largest element and its first index; every lane gets it. (A comparison with NaN is false: in
// a row of NaN the index is 0.)
__device__ inline Largest largest(const float* row, int classes) {
  Largest own{-INFINITY, 0x7fffffff};
  for (int k = static_cast<int>(threadIdx.x % 32); k < classes; k += 32) {
    if (row[k] > own.value || own.index == 0x7fffffff) own = {row[k], k};
  }
#pragma unroll
  for (int distance = 16; distance > 0; distance /= 2) {
    const Largest other{__shfl_xor_sync(kAllLanes, own.value, distance),
                        __shfl_xor_sync(kAllLanes, own.index, distance)};
    if (other.value > own.value || (other.value == own.value && other.index < own.index)) {
      own = other;
    }
  }
  return own;
}

// sum over k of exp((row[k] - largest) / temperature), in every lane
__device__ inline double sum_of_exponentials(const float* row, int classes, float largest,
                                             double temperature) {
  double sum = 0;
  for (int k = static_cast<int>(threadIdx.x % 32); k < classes; k += 32) {
    sum += exp((double{row[k]} - double{largest}) / temperature);
  }
  return warp_sum(sum);
}

__device__ inline int warp_of_grid() {
  return static_cast<int>(blockIdx.x * kWarps + threadIdx.x / 32);
}

__global__ void cross_entropy_kernel(Rows<const float> logits, const std::int32_t* labels,
                                     int images, int classes, double temperature, float* loss) {
  const int n = warp_of_grid();
  if (n >= images) return;
  const float* row = logits.at(n, 0);
  const float top = largest(row, classes).value;
  const double sum = sum_of_exponentials(row, classes, top, temperature);
  if (threadIdx.x % 32 == 0) {
    loss[n] = static_cast<float>(log(sum) - (double{row[labels[n]]} - double{top}) / temperature);
  }
}

__global__ void cross_entropy_gradient_kernel(Rows<const float> logits, const std::int32_t* labels,
                                              int images, int classes, double temperature,
                                              double scale, Rows<float> dlogits) {
  const int n = warp_of_grid();
  if (n >= images) return;
  const float* row = logits.at(n, 0);
  const float top = largest(row, classes).value;
  const double sum = sum_of_exponentials(row, classes, top, temperature);
  float* target = dlogits.at(n, 0);
  for (int k = static_cast<int>(threadIdx.x % 32); k < classes; k += 32) {
    const double probability = exp((double{row[k]} - double{top}) / temperature) / sum;
    const double gradient = scale * (probability - (k == labels[n] ? 1 : 0)) / temperature;
    target[k] = static_cast<float>(target[k] + gradient);
  }
}

// Let y be the predicted label, e[k] the exponentials, and `others` their sum without e[y]. Then
// softmax[k] is e[k] / (e[y] + others), and 1 - softmax[y] is others / (e[y] + others). Divided by
// the latter, the cross entropy's gradient is e[k] / others, and -1 at y: exact, however confident
// the network is. The energy's is -softmax[k]: -e[k], and -1 at y, when divided by softmax[y]. The
// maximum logit's is -1 at y and 0 elsewhere.
__global__ void objective_gradient_kernel(Rows<const float> logits, int images, int classes,
                                          OdinObjective objective, double temperature, double scale,
                                          Rows<float> dlogits) {
  const int n = warp_of_grid();
  if (n >= images) return;
  const float* row = logits.at(n, 0);
  const Largest top = largest(row, classes);
  const auto exponential = [&](int k) {
    return k == top.index ? 0.0 : exp((double{row[k]} - double{top.value}) / temperature);
  };
  double at_label = -scale;
  double factor = objective == OdinObjective::kEnergy ? -scale : 0.0;
  if (objective == OdinObjective::kCrossEntropy) {
    double own = 0;
    for (int k = static_cast<int>(threadIdx.x % 32); k < classes; k += 32) own += exponential(k);
    const double others = warp_sum(own);
    factor = others > 0 ? scale / others : 0;
    if (!(others > 0)) at_label = 0;
  }
  float* target = dlogits.at(n, 0);
  for (int k = static_cast<int>(threadIdx.x % 32); k < classes; k += 32) {
    target[k] = static_cast<float>(k == top.index ? at_label : factor * exponential(k));
  }
}

__global__ void argmax_kernel(Rows<const float> logits, int images, int classes,
                              std::int32_t* labels) {
  const int n = warp_of_grid();
  if (n >= images) return;
  const Largest top = largest(logits.at(n, 0), classes);
  if (threadIdx.x % 32 == 0) labels[n] = top.index;
}

// One warp per row.
Geometry rows_geometry(const ConstView& logits, Stream stream) {
  expect(logits.element == Element::kFloat, "logits are float");
  expect(logits.height == 1 && logits.width == 1, "logits are a matrix");
  const std::int64_t images = logits.empty() ? 0 : logits.images;
  return {dim3(static_cast<unsigned>(blocks_for(images, kWarps))), dim3(32 * kWarps), 0, stream};
}

}  // namespace

void cross_entropy_forward(ConstView logits, const std::int32_t* labels, double temperature,
                           float* loss, Stream stream) {
  expect(temperature > 0, "a temperature is above zero");
  launch(cross_entropy_kernel, rows_geometry(logits, stream), rows<float>(logits), labels,
         logits.images, logits.channels, temperature, loss);
}

void cross_entropy_backward(ConstView logits, const std::int32_t* labels, double temperature,
                            double scale, View dlogits, Stream stream) {
  expect(temperature > 0, "a temperature is above zero");
  expect(same_shape(logits, dlogits) && dlogits.element == Element::kFloat,
         "the operands of a cross entropy differ");
  launch(cross_entropy_gradient_kernel, rows_geometry(logits, stream), rows<float>(logits), labels,
         logits.images, logits.channels, temperature, scale, rows<float>(dlogits));
}

void objective_gradient(ConstView logits, OdinObjective objective, double temperature, double scale,
                        View dlogits, Stream stream) {
  expect(temperature > 0, "a temperature is above zero");
  expect(same_shape(logits, dlogits) && dlogits.element == Element::kFloat,
         "the operands of an objective's gradient differ");
  launch(objective_gradient_kernel, rows_geometry(logits, stream), rows<float>(logits),
         logits.images, logits.channels, objective, temperature, scale, rows<float>(dlogits));
}

void argmax(ConstView logits, std::int32_t* labels, Stream stream) {
  launch(argmax_kernel, rows_geometry(logits, stream), rows<float>(logits), logits.images,
         logits.channels, labels);
}

void CudaBackend::do_cross_entropy_forward(ConstTensorView logits, ConstTensorView labels,
                                           double temperature, TensorView loss) {
  cuda::cross_entropy_forward(view_of(logits), dense_data<const std::int32_t>(labels), temperature,
                              dense_data<float>(loss), stream_);
}

void CudaBackend::do_cross_entropy_backward(ConstTensorView logits, ConstTensorView labels,
                                            double temperature, double scale, TensorView dlogits) {
  cuda::cross_entropy_backward(view_of(logits), dense_data<const std::int32_t>(labels), temperature,
                               scale, view_of(dlogits), stream_);
}

void CudaBackend::do_argmax(ConstTensorView logits, TensorView labels) {
  cuda::argmax(view_of(logits), dense_data<std::int32_t>(labels), stream_);
}

}  // namespace odin::cuda
