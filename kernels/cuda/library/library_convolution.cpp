#include "kernels/cuda/library/library_convolution.h"

#include <algorithm>

#include "kernels/cuda/runtime/memory.h"

namespace odin::cuda {
namespace {

// The number of cuDNN's plans to measure: the fastest is among its heuristics' first few.
constexpr std::size_t kMeasured = 6;

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

std::vector<LibraryConvolutions::Way> LibraryConvolutions::ways(
    const CudnnConvolution& convolution) {
  std::vector<Way> found;
  if (is_product(convolution)) found.emplace_back();
  for (CudnnPlan& plan : cudnn_plans(device_, convolution, kMeasured, kWorkspace)) {
    found.push_back({std::move(plan)});
  }
  return found;
}

const std::optional<LibraryConvolutions::Way>& LibraryConvolutions::choose(
    const CudnnConvolution& convolution, const CudnnPointers& pointers, const Lane& lane) {
  const auto known = chosen_.find(convolution);
  if (known != chosen_.end()) return known->second;
  std::optional<Way> best;
  float least = 0;
  // Into separate memory: an accumulated result must not be accumulated several times.
  const DeviceBuffer copy(bytes_of(result_of(convolution)));
  CudnnPointers measured = pointers;
  result_of(measured, convolution.pass) = copy.data();
  std::string failure;
  for (Way& way : ways(convolution)) {
    float time = 0;
    try {
      time = least_milliseconds(lane.stream, [&] { run(way, convolution, measured, lane); });
    } catch (const OutOfMemory&) {
      throw;  // a smaller batch may help
    } catch (const Error& e) {
      failure = e.what();  // some engines fail only when they run
      continue;
    }
    if (best && time >= least) continue;
    least = time;
    best = std::move(way);
  }
  require(best || failure.empty(), "no way to run the {} works; the last one says: {}",
          convolution.to_string(), failure);
  return chosen_.emplace(convolution, std::move(best)).first->second;
}

bool LibraryConvolutions::supports(const CudnnConvolution& convolution,
                                   const CudnnPointers& pointers, const Lane& lane) {
  return choose(convolution, pointers, lane).has_value();
}

void LibraryConvolutions::run(const CudnnConvolution& convolution, const CudnnPointers& pointers,
                              const Lane& lane) {
  const std::optional<Way>& way = choose(convolution, pointers, lane);
  require(way.has_value(), "cuDNN has no engine for the {}; use --conv own",
          convolution.to_string());
  run(*way, convolution, pointers, lane);
}

void LibraryConvolutions::run(const Way& way, const CudnnConvolution& convolution,
                              const CudnnPointers& pointers, const Lane& lane) {
  if (way.plan) {
    cudnn_.set_stream(lane.stream);
    way.plan->run(cudnn_, pointers, lane.workspace);
  } else {
    multiply(convolution, pointers, lane);
  }
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
