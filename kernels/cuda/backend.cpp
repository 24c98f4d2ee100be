#include "kernels/cuda/backend.h"

#include <algorithm>
#include <vector>

#include "kernels/cuda/conv/layer_convolution.h"
#include "kernels/cuda/operations.h"
#include "kernels/cuda/plan/plan_executor.h"
#include "kernels/cuda/runtime/status.h"
#include "kernels/cuda/runtime/view_of.h"
#include "kernels/host_copy.h"

namespace odin::cuda {
namespace {

std::unique_ptr<LayerConvolution> make_layer_convolution(const DeviceOptions& options,
                                                         Stream stream) {
  const bool own = options.convolution == ConvolutionAlgorithm::kOwn ||
                   options.convolution == ConvolutionAlgorithm::kWgmma;
  return own ? make_own_layer_convolution(options.precision, stream)
             : make_cudnn_layer_convolution(options.precision, stream);
}

}  // namespace

CudaBackend::CudaBackend(const Gpu& gpu, const DeviceOptions& options)
    : gpu_(gpu), options_(options), convolution_(make_layer_convolution(options, stream_)) {}

CudaBackend::~CudaBackend() = default;

std::string CudaBackend::name() const {
  return fmt::format("cuda:{}", gpu_.index);
}

DataType CudaBackend::activation_type() const {
  switch (options_.precision) {
    case Precision::kFloat16:
      return DataType::kFloat16;
    case Precision::kBFloat16:
      return DataType::kBFloat16;
    default:
      return DataType::kFloat32;
  }
}

Strides CudaBackend::activation_strides(const Shape& shape) const {
  require(shape.rank() == 4, "an activation must have four axes, not the shape {}",
          shape.to_string());
  return {shape[1] * shape[2] * shape[3], 1, shape[3] * shape[1], shape[1]};
}

std::shared_ptr<void> CudaBackend::allocate(std::size_t bytes) {
  auto buffer = std::make_shared<DeviceBuffer>(std::max<std::size_t>(bytes, 1));
  ODIN_CUDA_CHECK(cudaMemsetAsync(buffer->data(), 0, buffer->size(), stream_), "{} bytes", bytes);
  void* data = buffer->data();
  return {std::move(buffer), data};
}

// Scratch of the same shape in float, used between host memory and a narrow tensor.
TensorView CudaBackend::widened(const ConstTensorView& narrow) {
  const Shape& shape = narrow.shape();
  void* data = widened_.get(static_cast<std::size_t>(shape.numel()) * sizeof(float));
  return {data, DataType::kFloat32, shape,
          shape.rank() == 4 ? activation_strides(shape) : row_major_strides(shape)};
}

// Copies all bytes that a view spans to host memory, and waits.
void CudaBackend::read(const ConstTensorView& from, void* to) {
  const std::size_t bytes = spanned_bytes(from);
  ODIN_CUDA_CHECK(cudaMemcpyAsync(to, from.raw(), bytes, cudaMemcpyDeviceToHost, stream_),
                  "{} bytes", bytes);
  stream_.synchronize();
}

void CudaBackend::upload(const double* host, TensorView to) {
  if (to.empty()) return;
  if (is_narrow(to.type())) {
    const TensorView wide = widened(to);
    upload(host, wide);
    return cuda::copy(view_of(wide), view_of(to), stream_);
  }
  std::vector<std::byte> staging(spanned_bytes(to));
  // The bytes between the elements of a slice must not change.
  if (staging.size() > static_cast<std::size_t>(to.numel()) * size_of(to.type())) {
    read(to, staging.data());
  }
  write_elements(host, TensorView(staging.data(), to.type(), to.shape(), to.strides()));
  ODIN_CUDA_CHECK(
      cudaMemcpyAsync(to.raw(), staging.data(), staging.size(), cudaMemcpyHostToDevice, stream_),
      "{} bytes", staging.size());
  stream_.synchronize();
}

void CudaBackend::download(ConstTensorView from, double* host) {
  if (from.empty()) return;
  if (is_narrow(from.type())) {
    const TensorView wide = widened(from);
    cuda::copy(view_of(from), view_of(wide), stream_);
    return download(wide, host);
  }
  std::vector<std::byte> staging(spanned_bytes(from));
  read(from, staging.data());
  read_elements(ConstTensorView(staging.data(), from.type(), from.shape(), from.strides()), host);
}

std::unique_ptr<PlanExecutor> CudaBackend::prepare(const Plan& plan) {
  return make_plan_executor(plan, options_);
}

}  // namespace odin::cuda
