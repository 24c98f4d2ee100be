// Queues of work on the GPU, points in them, and recorded pieces of them.
#pragma once

#include <cstddef>
#include <functional>

#include <cuda_runtime.h>

#include "kernels/cuda/runtime/handle.h"
#include "kernels/cuda/runtime/view.h"

namespace odin::cuda {

// Waits until all that was queued is done; throws Error for whatever went wrong in it.
void synchronize(Stream stream);

// Where a batch runs: its stream, and memory that nothing else uses meanwhile.
struct Lane {
  Stream stream = nullptr;
  void* workspace = nullptr;
  std::size_t workspace_bytes = 0;
};

// A stream of its own, which does not wait for the default stream.
class OwnedStream {
 public:
  OwnedStream();

  operator Stream() const { return stream_.get(); }
  void synchronize() const { cuda::synchronize(stream_.get()); }

 private:
  Handle<cudaStream_t, cudaStreamDestroy> stream_;
};

class Event {
 public:
  Event();

  void record(Stream stream);
  // Waits until the stream has got there; at once where nothing was recorded.
  void synchronize() const;
  // Milliseconds between two recorded events, both reached.
  static float elapsed_ms(const Event& from, const Event& to);

 private:
  Handle<cudaEvent_t, cudaEventDestroy> event_;
};

// Work recorded once and launched as a whole as often as wanted.
class Graph {
 public:
  // Records what `work` queues on the stream, without running it. `work` must neither allocate nor
  // wait.
  Graph(Stream stream, const std::function<void()>& work);

  void launch(Stream stream) const;

 private:
  Handle<cudaGraphExec_t, cudaGraphExecDestroy> executable_;
};

}  // namespace odin::cuda
