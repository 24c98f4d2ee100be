// Convolutions by cuDNN or cuBLAS, whichever is measured to be faster.
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
  // Bytes of workspace that a lane must have for run(): plans that need more are not used.
  static constexpr std::size_t kWorkspace = std::size_t{256} << 20;

  LibraryConvolutions() : device_(cudnn_) {}

  // Whether there is any way to run it. The first call for a shape makes and measures the ways, so the
  // operands must be valid; it waits for the stream and allocates memory for a copy of the result.
  // Neither may happen while the stream is being recorded.
  bool supports(const CudnnConvolution& convolution, const CudnnPointers& pointers,
                const Lane& lane);
  // The same, then runs the fastest way. Throws Error if there is none.
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
