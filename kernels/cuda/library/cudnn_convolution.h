// Convolutions of cuDNN's graph API, alone or fused with what precedes and follows them.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernels/convolution.h"
#include "kernels/cuda/library/cudnn.h"

namespace odin::cuda {

// What cuDNN needs to know about an operand. Weights (O, C, kh, kw) are O images of kh x kw pixels.
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

// A convolution with its sizes. The result of a backward pass is the operand whose gradient it is:
// x or w.
struct CudnnConvolution {
  ConvolutionPass pass = ConvolutionPass::kForward;
  ConvolutionGeometry geometry;
  CudnnOperand x;
  CudnnOperand w;
  CudnnOperand y;
  bool tf32 = false;        // float may be multiplied as TF32
  bool accumulate = false;  // result += instead of =; backward passes only
  // Forward only: y = relu(convolution(relu(scale x + shift)) + bias) + residual, each part if
  // true. The residual has y's layout.
  bool prologue = false;
  bool bias = false;
  bool relu = false;
  bool residual = false;

  auto operator<=>(const CudnnConvolution&) const = default;
  std::string to_string() const;
};

// Device memory of a convolution's operands.
struct CudnnPointers {
  void* x = nullptr;
  void* w = nullptr;
  void* y = nullptr;
  const float* scale = nullptr;
  const float* shift = nullptr;
  const float* bias = nullptr;
  const void* residual = nullptr;
};

// The GPU that plans are made for. It is either a handle's GPU, which can run them (the handle must
// outlive this), or one described by cuDNN's device properties in JSON, which need not be present
// (cuDNN 9.8 and later).
class CudnnDevice {
 public:
  explicit CudnnDevice(const CudnnHandle& handle) : handle_(handle.get()) {}
  explicit CudnnDevice(std::string_view json);

  // Set the GPU in a descriptor that is being filled. Every cuDNN 9 accepts the handle, so programs
  // also run with versions older than 9.8.
  void set_in_graph(CudnnDescriptor& graph) const;
  void set_in_heuristic(CudnnDescriptor& heuristic) const;
  void set_in_plan(CudnnDescriptor& plan) const;

 private:
  cudnnHandle_t handle_ = nullptr;
  std::optional<CudnnDescriptor> description_;
};

// One way to run a convolution.
class CudnnPlan {
 public:
  CudnnPlan(CudnnDescriptor plan, const CudnnConvolution& convolution);

  std::size_t workspace_bytes() const { return workspace_bytes_; }
  // Runs on the handle's stream.
  void run(const CudnnHandle& handle, const CudnnPointers& pointers, void* workspace) const;

 private:
  CudnnDescriptor plan_;
  bool prologue_;
  bool bias_;
  bool residual_;
  std::size_t workspace_bytes_;
};

// The ways that cuDNN has to run a convolution, best first by its heuristics.
struct CudnnPlans {
  std::vector<CudnnPlan> plans;  // empty if cuDNN does not support the convolution
  std::string failure;           // what cuDNN says of the last engine that did not load, if any
};
// At most `count` plans, each with at most `workspace` bytes of workspace. All give the same bits
// every time, and multiply float as float unless `tf32`. An engine that fails to load is left out.
CudnnPlans cudnn_plans(const CudnnDevice& device, const CudnnConvolution& convolution,
                       std::size_t count, std::size_t workspace);

}  // namespace odin::cuda
