// Convolutions of cuDNN's graph API, alone or fused with what comes before and after them.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

#include "kernels/convolution.h"
#include "kernels/cuda/library/cudnn.h"

namespace odin::cuda {

// What cuDNN needs to know of an operand; weights (O, C, kh, kw) are O images of kh x kw pixels.
struct CudnnOperand {
  Element element = Element::kFloat;
  std::int64_t images = 0;
  std::int64_t channels = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t pitch = 0;
  std::int64_t alignment = 0;  // bytes

  CudnnOperand() = default;
  explicit CudnnOperand(const ConstView& view);
  auto operator<=>(const CudnnOperand&) const = default;
};

// A convolution with its sizes; the result of a backward pass is the operand named after its input
// (x or w).
struct CudnnConvolution {
  ConvolutionPass pass = ConvolutionPass::kForward;
  ConvolutionGeometry geometry;
  CudnnOperand x;
  CudnnOperand w;
  CudnnOperand y;
  bool tf32 = false;        // float may be multiplied as TF32
  bool accumulate = false;  // result += instead of =; backward passes only
  // Forward only: y = relu(convolution(relu(scale x + shift)) + bias) + residual, each if true. The
  // residual lies as y does.
  bool prologue = false;
  bool bias = false;
  bool relu = false;
  bool residual = false;

  auto operator<=>(const CudnnConvolution&) const = default;
  std::string to_string() const;
};

// Device memory of the operands that a convolution has.
struct CudnnPointers {
  void* x = nullptr;
  void* w = nullptr;
  void* y = nullptr;
  const float* scale = nullptr;
  const float* shift = nullptr;
  const float* bias = nullptr;
  const void* residual = nullptr;
};

// For which GPU plans are made: the one of a handle, which must outlive this and may run them; or one
// described as cuDNN's device properties in JSON, which need not be there (cuDNN 9.8 and later).
class CudnnDevice {
 public:
  explicit CudnnDevice(const CudnnHandle& handle) : handle_(handle.get()) {}
  explicit CudnnDevice(std::string_view json);

  // Tell a descriptor that is being filled. Every cuDNN 9 knows the handle, so that a program runs
  // with an older one, too.
  void tell_graph(CudnnDescriptor& graph) const;
  void tell_heuristic(CudnnDescriptor& heuristic) const;
  void tell_plan(CudnnDescriptor& plan) const;

 private:
  cudnnHandle_t handle_ = nullptr;
  std::optional<CudnnDescriptor> description_;
};

// One way to run a convolution.
class CudnnPlan {
 public:
  CudnnPlan(CudnnDescriptor plan, const CudnnConvolution& convolution);

  std::size_t workspace_bytes() const { return workspace_bytes_; }
  // The handle's stream runs it.
  void run(const CudnnHandle& handle, const CudnnPointers& pointers, void* workspace) const;

 private:
  CudnnDescriptor plan_;
  bool prologue_;
  bool bias_;
  bool residual_;
  std::size_t workspace_bytes_;
};

// The ways that cuDNN's heuristics propose, best first, at most `count` and none with more than
// `workspace` bytes; none where cuDNN does not support the convolution. All give the same bits every
// time, and float is multiplied as float unless `tf32`.
std::vector<CudnnPlan> cudnn_plans(const CudnnDevice& device, const CudnnConvolution& convolution,
                                   std::size_t count, std::size_t workspace);

}  // namespace odin::cuda
