// cuDNN's and cuBLAS's ways to run a convolution, of which the fastest is found by measurement.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include "kernels/cuda/library/cublas.h"
#include "kernels/cuda/library/cudnn_convolution.h"
#include "kernels/cuda/runtime/stream.h"

namespace odin::cuda {

class LibraryConvolutions {
 public:
  // Workspace that a lane must have for run(), in bytes: no way that needs more is taken.
  static constexpr std::size_t kWorkspace = std::size_t{256} << 20;

  LibraryConvolutions() : device_(cudnn_) {}

  // Whether there is a way at all. Makes and measures the ways when it is first asked for a shape,
  // for which the operands must be there; that waits for the stream and takes memory for a copy of
  // the result. Neither may happen while the stream is recorded.
  bool supports(const CudnnConvolution& convolution, const CudnnPointers& pointers,
                const Lane& lane);
  // The same, then runs the fastest way. Throws Error where there is none.
  void run(const CudnnConvolution& convolution, const CudnnPointers& pointers, const Lane& lane);

 private:
  // A plan of cuDNN, or a matrix product of cuBLAS.
  struct Way {
    std::optional<CudnnPlan> plan;
  };

  const std::optional<Way>& choose(const CudnnConvolution& convolution,
                                   const CudnnPointers& pointers, const Lane& lane);
  std::vector<Way> ways(const CudnnConvolution& convolution);
  void run(const Way& way, const CudnnConvolution& convolution, const CudnnPointers& pointers,
           const Lane& lane);
  void multiply(const CudnnConvolution& convolution, const CudnnPointers& pointers,
                const Lane& lane);

  CudnnHandle cudnn_;
  CublasHandle cublas_;
  CudnnDevice device_;
  std::map<CudnnConvolution, std::optional<Way>> chosen_;
};

// Milliseconds that `work` takes on the stream: the least of a few runs after a first one.
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
