#include "kernels/cuda/library/library_convolution.h"

#include <cuda_runtime.h>

#include "kernels/cuda/operations.h"
#include "kernels/cuda/runtime/memory.h"

namespace odin::cuda {
namespace {

// The number of cuDNN's plans to measure: the fastest is among its heuristics' first few.
constexpr std::size_t kMeasured = 6;

constexpr std::int64_t kAlignment = 16;  // bytes

// Of what is free on the current GPU, bytes.
std::size_t free_memory() {
  std::size_t free = 0;
  std::size_t total = 0;
  ODIN_CUDA_CHECK(cudaMemGetInfo(&free, &total));
  return free;
}

bool is_fused(const CudnnConvolution& convolution) {
  return convolution.prologue || convolution.bias || convolution.relu || convolution.residual;
}

// Whether the convolution is a matrix product of pixels and channels.
bool is_product(const CudnnConvolution& convolution) {
  return convolution.w.height == 1 && convolution.w.width == 1 &&
         convolution.geometry == ConvolutionGeometry{} && !is_fused(convolution);
}

std::size_t bytes_of(const CudnnOperand& operand) {
  return static_cast<std::size_t>(operand.images * operand.height * operand.width * operand.pitch) *
         size_of(operand.element);
}

// Of the workspace; what follows is aligned as a buffer is.
std::size_t copy_bytes(const CudnnOperand& operand) {
  return (bytes_of(operand) + 255) / 256 * 256;
}

View view_of(const CudnnOperand& o, void* data) {
  const auto extent = [](std::int64_t n) { return static_cast<int>(n); };
  return {
      data,   o.element, extent(o.images), extent(o.height), extent(o.width), extent(o.channels),
      o.pitch};
}

const CudnnOperand& result_of(const CudnnConvolution& convolution) {
  switch (convolution.pass) {
    case ConvolutionPass::kForward:
      return convolution.y;
    case ConvolutionPass::kBackwardData:
      return convolution.x;
    case ConvolutionPass::kBackwardFilter:
      return convolution.w;
  }
  fail("a convolution has no pass {}", static_cast<int>(convolution.pass));
}

void*& result_of(CudnnPointers& pointers, ConvolutionPass pass) {
  return pass == ConvolutionPass::kForward        ? pointers.y
         : pass == ConvolutionPass::kBackwardData ? pointers.x
                                                  : pointers.w;
}

}  // namespace

std::optional<CudnnOperand> aligned_gradient(const CudnnConvolution& convolution) {
  const CudnnOperand& y = convolution.y;
  if (convolution.pass == ConvolutionPass::kForward || y.element == Element::kFloat ||
      y.alignment == kAlignment) {
    return std::nullopt;
  }
  CudnnOperand copy = y;
  copy.pitch = (y.channels + 7) / 8 * 8;
  copy.alignment = kAlignment;
  return copy;
}

LibraryConvolutions::LibraryConvolutions()
    : device_(cudnn_), workspace_bytes_(engine_workspace(free_memory())) {}

std::vector<LibraryConvolutions::Way> LibraryConvolutions::ways(const CudnnConvolution& convolution,
                                                                std::string& failure) {
  std::vector<Way> found;
  if (is_product(convolution)) found.emplace_back();
  const auto add = [&](const CudnnConvolution& with, std::size_t workspace,
                       const std::optional<CudnnOperand>& y) {
    CudnnPlans made = cudnn_plans(device_, with, kMeasured, workspace);
    if (!made.failure.empty()) failure = std::move(made.failure);
    for (CudnnPlan& plan : made.plans) found.push_back({std::move(plan), y});
  };
  add(convolution, workspace_bytes_, std::nullopt);
  if (const std::optional<CudnnOperand> y = aligned_gradient(convolution)) {
    const std::size_t copied = copy_bytes(*y);
    CudnnConvolution with = convolution;
    with.y = *y;
    if (copied < workspace_bytes_) add(with, workspace_bytes_ - copied, y);
  }
  return found;
}

const Fastest<LibraryConvolutions::Way>& LibraryConvolutions::choose(
    const CudnnConvolution& convolution, const CudnnPointers& pointers, const Lane& lane) {
  const auto known = chosen_.find(convolution);
  if (known != chosen_.end()) return known->second;
  // Into separate memory: an accumulated result must not be accumulated several times.
  const DeviceBuffer copy(bytes_of(result_of(convolution)));
  CudnnPointers measured = pointers;
  result_of(measured, convolution.pass) = copy.data();
  std::string failure;
  std::vector<Way> all = ways(convolution, failure);
  return chosen_
      .emplace(convolution, fastest_of(std::move(all), std::move(failure),
                                       [&](const Way& way) {
                                         return least_milliseconds(lane.stream, [&] {
                                           run(way, convolution, measured, lane);
                                         });
                                       }))
      .first->second;
}

bool LibraryConvolutions::supports(const CudnnConvolution& convolution,
                                   const CudnnPointers& pointers, const Lane& lane) {
  return choose(convolution, pointers, lane).way.has_value();
}

void LibraryConvolutions::run(const CudnnConvolution& convolution, const CudnnPointers& pointers,
                              const Lane& lane) {
  const Fastest<Way>& chosen = choose(convolution, pointers, lane);
  require(chosen.way.has_value(), "cuDNN has no engine that runs the {}{}{}; use --conv own",
          convolution.to_string(),
          chosen.failure.empty() ? "" : "; the last one says: ", chosen.failure);
  run(*chosen.way, convolution, pointers, lane);
}

void LibraryConvolutions::run(const Way& way, const CudnnConvolution& convolution,
                              const CudnnPointers& pointers, const Lane& lane) {
  if (!way.plan) return multiply(convolution, pointers, lane);
  cudnn_.set_stream(lane.stream);
  if (!way.y) return way.plan->run(cudnn_, pointers, lane.workspace);
  const View y = view_of(*way.y, lane.workspace);
  copy(view_of(convolution.y, pointers.y), y, lane.stream);
  CudnnPointers with = pointers;
  with.y = y.data;
  way.plan->run(cudnn_, with, static_cast<std::byte*>(lane.workspace) + copy_bytes(*way.y));
}

void LibraryConvolutions::multiply(const CudnnConvolution& convolution,
                                   const CudnnPointers& pointers, const Lane& lane) {
  const CudnnOperand& x = convolution.x;
  const auto pixels = static_cast<int>(x.images * x.height * x.width);
  const auto inputs = static_cast<int>(x.channels);
  const auto outputs = static_cast<int>(convolution.y.channels);
  const CublasHandle::Matrix mx{pointers.x, x.pitch};              // (pixels, inputs)
  const CublasHandle::Matrix mw{pointers.w, convolution.w.pitch};  // (outputs, inputs)
  const CublasHandle::Matrix my{pointers.y, convolution.y.pitch};  // (pixels, outputs)
  const auto transposed = [](CublasHandle::Matrix matrix) {
    matrix.transposed = true;
    return matrix;
  };
  const auto product = [&](int m, int n, int k, const CublasHandle::Matrix& a,
                           const CublasHandle::Matrix& b, const CublasHandle::Matrix& c) {
    cublas_.multiply(m, n, k, a, b, c, x.element, convolution.tf32, convolution.accumulate, lane);
  };
  switch (convolution.pass) {
    case ConvolutionPass::kForward:
      return product(pixels, outputs, inputs, mx, transposed(mw), my);
    case ConvolutionPass::kBackwardData:
      return product(pixels, inputs, outputs, my, mw, mx);
    case ConvolutionPass::kBackwardFilter:
      return product(outputs, inputs, pixels, transposed(my), mx, mw);
  }
}

}  // namespace odin::cuda
