#include "kernels/cuda/runtime/stream.h"

#include "kernels/cuda/runtime/status.h"

namespace odin::cuda {

void synchronize(Stream stream) {
  ODIN_CUDA_CHECK(cudaStreamSynchronize(stream));
}

OwnedStream::OwnedStream() {
  ODIN_CUDA_CHECK(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
}

OwnedStream::~OwnedStream() {
  if (stream_) cudaStreamDestroy(stream_);
}

Event::Event() {
  ODIN_CUDA_CHECK(cudaEventCreateWithFlags(&event_, cudaEventDefault));
}

Event::~Event() {
  if (event_) cudaEventDestroy(event_);
}

void Event::record(Stream stream) {
  ODIN_CUDA_CHECK(cudaEventRecord(event_, stream));
}

void Event::synchronize() const {
  ODIN_CUDA_CHECK(cudaEventSynchronize(event_));
}

float Event::elapsed_ms(const Event& from, const Event& to) {
  float milliseconds = 0;
  ODIN_CUDA_CHECK(cudaEventElapsedTime(&milliseconds, from.event_, to.event_));
  return milliseconds;
}

Graph::Graph(Stream stream, const std::function<void()>& work) {
  ODIN_CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  cudaGraph_t graph = nullptr;
  try {
    work();
  } catch (...) {
    if (cudaStreamEndCapture(stream, &graph) == cudaSuccess) cudaGraphDestroy(graph);
    throw;
  }
  ODIN_CUDA_CHECK(cudaStreamEndCapture(stream, &graph));
  const cudaError_t instantiated = cudaGraphInstantiate(&executable_, graph, 0);
  cudaGraphDestroy(graph);
  if (instantiated != cudaSuccess) {
    fail_status(instantiated, "cudaGraphInstantiate", "", std::source_location::current());
  }
}

Graph::~Graph() {
  if (executable_) cudaGraphExecDestroy(executable_);
}

void Graph::launch(Stream stream) const {
  ODIN_CUDA_CHECK(cudaGraphLaunch(executable_, stream));
}

}  // namespace odin::cuda
