#include "kernels/cuda/runtime/stream.h"

#include "kernels/cuda/runtime/status.h"

namespace odin::cuda {

void synchronize(Stream stream) {
  ODIN_CUDA_CHECK(cudaStreamSynchronize(stream));
}

OwnedStream::OwnedStream() {
  ODIN_CUDA_CHECK(cudaStreamCreateWithFlags(stream_.to_create(), cudaStreamNonBlocking));
}

Event::Event() {
  ODIN_CUDA_CHECK(cudaEventCreateWithFlags(event_.to_create(), cudaEventDefault));
}

void Event::record(Stream stream) {
  ODIN_CUDA_CHECK(cudaEventRecord(event_.get(), stream));
}

void Event::synchronize() const {
  ODIN_CUDA_CHECK(cudaEventSynchronize(event_.get()));
}

float Event::elapsed_ms(const Event& from, const Event& to) {
  float milliseconds = 0;
  ODIN_CUDA_CHECK(cudaEventElapsedTime(&milliseconds, from.event_.get(), to.event_.get()));
  return milliseconds;
}

Graph::Graph(Stream stream, const std::function<void()>& work) {
  ODIN_CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  Handle<cudaGraph_t, cudaGraphDestroy> graph;
  try {
    work();
  } catch (...) {
    cudaStreamEndCapture(stream, graph.to_create());
    cudaGetLastError();  // otherwise the next check of a launch would find that the capture failed
    throw;
  }
  ODIN_CUDA_CHECK(cudaStreamEndCapture(stream, graph.to_create()));
  ODIN_CUDA_CHECK(cudaGraphInstantiate(executable_.to_create(), graph.get(), 0));
}

void Graph::launch(Stream stream) const {
  ODIN_CUDA_CHECK(cudaGraphLaunch(executable_.get(), stream));
}

}  // namespace odin::cuda
