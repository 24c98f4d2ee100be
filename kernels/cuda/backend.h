// The CUDA back end: NHWC, cuDNN and cuBLAS, our own kernels for the rest.
//
// The definition of an operation is in the .cu file of its name in this folder, next to its
// kernels; those of convolutions are in conv/layer_convolution.cpp.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "kernels/backend.h"
#include "kernels/cuda/runtime/gpu.h"
#include "kernels/cuda/runtime/memory.h"
#include "kernels/cuda/runtime/stream.h"
#include "kernels/device.h"

namespace odin::cuda {

class LayerConvolution;

class CudaBackend final : public Backend {
 public:
  // Layer by layer, activations are float or the 16-bit type that options.precision may name; if it
  // is tf32, float is multiplied so. Evaluation plans store and multiply in options.precision.
  // `gpu` is current for the calling thread, and must be for every thread that uses the back end.
  CudaBackend(const Gpu& gpu, const DeviceOptions& options);
  ~CudaBackend() override;

  std::string name() const override;
  DataType data_type() const override { return DataType::kFloat32; }
  DataType activation_type() const override;
  // NHWC
  Strides activation_strides(const Shape& shape) const override;

  std::shared_ptr<void> allocate(std::size_t bytes) override;
  void upload(const double* host, TensorView to) override;
  void download(ConstTensorView from, double* host) override;

  std::unique_ptr<PlanExecutor> prepare(const Plan& plan) override;

 private:
  ODIN_DEVICE_OPERATIONS(override)

  TensorView widened(const ConstTensorView& narrow);
  void read(const ConstTensorView& from, void* to);

  Gpu gpu_;
  DeviceOptions options_;
  OwnedStream stream_;
  Scratch workspace_;
  Scratch widened_;
  std::unique_ptr<LayerConvolution> convolution_;
};

}  // namespace odin::cuda
