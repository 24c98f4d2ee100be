#include "kernels/cuda/runtime/memory.h"

#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "kernels/cuda/runtime/status.h"
#include "kernels/cuda/runtime/stream.h"
#include "kernels/cuda/runtime/upload.h"

using namespace odin;
using namespace odin::cuda;

TEST_CASE("buffers move, and an empty one holds nothing") {
  DeviceBuffer a(100);
  void* data = a.data();
  CHECK(reinterpret_cast<std::uintptr_t>(data) % 256 == 0);
  DeviceBuffer b = std::move(a);
  CHECK(b.data() == data);
  CHECK(b.size() == 100);
  CHECK(DeviceBuffer(0).data() == nullptr);
}

TEST_CASE("a failed allocation throws OutOfMemory, which names the call, the place and the size") {
  const std::size_t huge = std::size_t{1} << 60;
  CHECK_THROWS_WITH_AS(DeviceBuffer{huge},
                       doctest::Contains("cudaMalloc(&data, bytes) failed at "
                                         "kernels/cuda/runtime/memory.cpp:"),
                       OutOfMemory);
  CHECK_THROWS_WITH_AS(DeviceBuffer{huge}, doctest::Contains("1152921504606846976 bytes"),
                       OutOfMemory);
  CHECK(cudaGetLastError() == cudaSuccess);
}

TEST_CASE("uploaded values are visible to every stream") {
  const std::vector<float> values{1, 2, 3};
  const DeviceBuffer buffer = upload(values);
  const OwnedStream stream;
  PinnedBuffer back(buffer.size());
  ODIN_CUDA_CHECK(
      cudaMemcpyAsync(back.data(), buffer.data(), buffer.size(), cudaMemcpyDeviceToHost, stream));
  stream.synchronize();
  CHECK(std::vector<float>(back.as<float>(), back.as<float>() + 3) == values);
}

TEST_CASE("a recorded graph works each time it is launched, and not before") {
  const OwnedStream stream;
  DeviceBuffer device(4);
  PinnedBuffer host(4);
  *host.as<int>() = 1;
  Graph graph(stream, [&] {
    ODIN_CUDA_CHECK(cudaMemcpyAsync(device.data(), host.data(), 4, cudaMemcpyHostToDevice, stream));
  });
  *host.as<int>() = 2;
  graph.launch(stream);
  stream.synchronize();
  int copied = 0;
  ODIN_CUDA_CHECK(cudaMemcpy(&copied, device.data(), 4, cudaMemcpyDeviceToHost));
  CHECK(copied == 2);
  *host.as<int>() = 3;
  graph.launch(stream);
  stream.synchronize();
  ODIN_CUDA_CHECK(cudaMemcpy(&copied, device.data(), 4, cudaMemcpyDeviceToHost));
  CHECK(copied == 3);
}

TEST_CASE("a recording that fails leaves the stream as it was") {
  const OwnedStream stream;
  CHECK_THROWS_AS(Graph(stream, [] { fail("no"); }), Error);
  // Memory cannot be taken meanwhile; the recording ends there, which no later call must find
  // again.
  CHECK_THROWS_AS(Graph(stream, [] { DeviceBuffer(4); }), Error);
  CHECK(cudaGetLastError() == cudaSuccess);
  const Graph graph(stream, [] {});
  graph.launch(stream);
  CHECK_NOTHROW(stream.synchronize());
}
