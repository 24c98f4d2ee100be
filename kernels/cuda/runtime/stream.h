// Queues of work on the GPU, points in them, and recorded pieces of them.
#pragma once

#include <functional>

#include <cuda_runtime.h>

#include "kernels/cuda/runtime/view.h"

namespace odin::cuda {

// Waits until all that was queued is done; throws Error for whatever went wrong in it.
void synchronize(Stream stream);

// A stream of its own, which does not wait for the default stream.
class OwnedStream {
 public:
  OwnedStream();
  ~OwnedStream();
  OwnedStream(const OwnedStream&) = delete;
  OwnedStream& operator=(const OwnedStream&) = delete;

  operator Stream() const { return stream_; }
  void synchronize() const { cuda::synchronize(stream_); }

 private:
  Stream stream_ = nullptr;
};

class Event {
 public:
  Event();
  ~Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void record(Stream stream);
  // Waits until the stream has got there; at once where nothing was recorded.
  void synchronize() const;
  // Milliseconds between two recorded events, both reached.
  static float elapsed_ms(const Event& from, const Event& to);

 private:
  cudaEvent_t event_ = nullptr;
};

// Work recorded once and launched as a whole as often as wanted.
class Graph {
 public:
  // Records what `work` queues on the stream, without running it. `work` must neither allocate nor
  // wait.
  Graph(Stream stream, const std::function<void()>& work);
  ~Graph();
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  void launch(Stream stream) const;

 private:
  cudaGraphExec_t executable_ = nullptr;
};

}  // namespace odin::cuda
