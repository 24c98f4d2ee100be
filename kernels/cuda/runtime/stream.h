// Queues of work on the GPU, events in them, and recorded graphs.
#pragma once

#include <cstddef>
#include <functional>

#include <cuda_runtime.h>

#include "kernels/cuda/runtime/handle.h"
#include "kernels/cuda/runtime/view.h"

namespace odin::cuda {

// Waits until all queued work is done; throws Error if any of it failed.
void synchronize(Stream stream);

// Where a batch runs: its stream, and workspace that nothing else uses at the same time.
struct Lane {
  Stream stream = nullptr;
  void* workspace = nullptr;
  std::size_t workspace_bytes = 0;
};

// A new stream, which does not wait for the default stream.
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
  // Waits until the stream has reached the event; returns at once if nothing was recorded.
  void synchronize() const;
  // Milliseconds between two recorded events, both reached.
  static float elapsed_ms(const Event& from, const Event& to);

 private:
  Handle<cudaEvent_t, cudaEventDestroy> event_;
};

// Work that is recorded once and then launched as a whole any number of times.
class Graph {
 public:
  // Records what `work` queues on the stream, without running it. `work` must not allocate or wait.
  Graph(Stream stream, const std::function<void()>& work);

  void launch(Stream stream) const;

 private:
  Handle<cudaGraphExec_t, cudaGraphExecDestroy> executable_;
};

}  // namespace odin::cuda
