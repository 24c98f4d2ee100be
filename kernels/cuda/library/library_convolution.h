// Convolutions by cuDNN or cuBLAS, whichever is measured to be faster.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kernels/cuda/library/cublas.h"
#include "kernels/cuda/library/cudnn_convolution.h"
#include "kernels/cuda/library/fastest.h"
#include "kernels/cuda/runtime/stream.h"

namespace odin::cuda {

// Bytes of workspace for the engines of cuDNN on a GPU with `free` bytes of free memory: an eighth,
// as two batches are under way, each with its own workspace next to its activations; at most 1 GiB.
// (cuDNN 9.19 has fast engines for a Wide ResNet's 3 x 3 convolutions of 256 images in float only
// from 336 MB on.)
constexpr std::size_t engine_workspace(std::size_t free) {
  return std::min(free / 8, std::size_t{1} << 30);
}

// The gradient in y as a backward pass had better read it: in half precision, cuDNN has engines
// that use the tensor cores only for pixels aligned to 16 bytes, which most slices of 12 channels
// are not. The copy's pixels are, each a multiple of 8 channels after the one before. None if there
// is nothing to gain.
std::optional<CudnnOperand> aligned_gradient(const CudnnConvolution& convolution);

class LibraryConvolutions {
 public:
  // Takes an eighth of what is free on the GPU now as the bound of workspace_bytes().
  LibraryConvolutions();

  // Bytes of workspace that a lane must have for run(): plans that need more are not used.
  std::size_t workspace_bytes() const { return workspace_bytes_; }

  // Whether there is any way to run it. The first call for a shape makes and measures the ways, so
  // the operands must be valid; it waits for the stream and allocates memory for a copy of the
  // result. Neither may happen while the stream is being recorded.
  bool supports(const CudnnConvolution& convolution, const CudnnPointers& pointers,
                const Lane& lane);
  // The same, then runs the fastest way. Throws Error if there is none.
  void run(const CudnnConvolution& convolution, const CudnnPointers& pointers, const Lane& lane);

 private:
  // A plan of cuDNN, or a matrix product of cuBLAS.
  struct Way {
    std::optional<CudnnPlan> plan;
    std::optional<CudnnOperand> y;  // the copy of y that it reads, where the workspace begins
  };

  const Fastest<Way>& choose(const CudnnConvolution& convolution, const CudnnPointers& pointers,
                             const Lane& lane);
  // All that are worth measuring, and in `failure` what cuDNN says of the last one that did not
  // load.
  std::vector<Way> ways(const CudnnConvolution& convolution, std::string& failure);
  void run(const Way& way, const CudnnConvolution& convolution, const CudnnPointers& pointers,
           const Lane& lane);
  void multiply(const CudnnConvolution& convolution, const CudnnPointers& pointers,
                const Lane& lane);

  CudnnHandle cudnn_;
  CublasHandle cublas_;
  CudnnDevice device_;
  std::size_t workspace_bytes_;
  std::map<CudnnConvolution, Fastest<Way>> chosen_;
};

// Milliseconds that `work` takes on the stream: the minimum of a few runs after a first one.
template <class Work>
float least_milliseconds(Stream stream, Work work) {
  constexpr int kRuns = 3;
  work();
  float least = 0;
  for (int i = 0; i < kRuns; ++i) {
    Event begin;
    Event end;
    begin.record(stream);
    work();
    end.record(stream);
    end.synchronize();
    const float time = Event::elapsed_ms(begin, end);
    if (i == 0 || time < least) least = time;
  }
  return least;
}

}  // namespace odin::cuda
