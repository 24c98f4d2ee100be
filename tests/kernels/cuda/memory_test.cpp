#include "kernels/cuda/runtime/memory.h"

#include <cstdint>

#include <doctest/doctest.h>

#include "kernels/cuda/runtime/status.h"
#include "kernels/cuda/runtime/stream.h"
#include "kernels/cuda/runtime/upload.h"

using namespace odin;
using namespace odin::cuda;

namespace {

struct Block {
  std::size_t bytes;
  int first;
  int last;
};

bool together(const Block& a, const Block& b) {
  return a.first <= b.last && b.first <= a.last;
}

}  // namespace

TEST_CASE("blocks of an arena that are alive together never overlap, others may") {
  // Blocks of all sizes and lifetimes from a small generator of numbers.
  std::uint32_t state = 1;
  const auto next = [&state](std::uint32_t below) {
    state = state * 1664525u + 1013904223u;
    return static_cast<int>((state >> 8) % below);
  };
  for (int round = 0; round < 50; ++round) {
    Arena arena;
    std::vector<Block> blocks;
    std::size_t total = 0;
    for (int i = 0; i < 30; ++i) {
      const int first = next(40);
      blocks.push_back({static_cast<std::size_t>(next(5000)), first, first + next(10)});
      CHECK(arena.add(blocks.back().bytes, blocks.back().first, blocks.back().last) == i);
      total += blocks.back().bytes;
    }
    arena.plan();
    for (int i = 0; i < 30; ++i) {
      const Block& a = blocks[static_cast<std::size_t>(i)];
      CHECK(arena.offset(i) % Arena::kAlignment == 0);
      CHECK(arena.offset(i) + a.bytes <= arena.size());
      for (int j = 0; j < i; ++j) {
        const Block& b = blocks[static_cast<std::size_t>(j)];
        if (!together(a, b) || a.bytes == 0 || b.bytes == 0) continue;
        const bool apart = arena.offset(i) + a.bytes <= arena.offset(j) ||
                           arena.offset(j) + b.bytes <= arena.offset(i);
        CHECK(apart);
      }
    }
    CHECK(arena.size() < total);  // lifetimes are short: something was shared
  }
}

TEST_CASE("a chain of blocks, each alive with the next, takes the memory of two") {
  Arena arena;
  for (int i = 0; i < 10; ++i) arena.add(1000, i, i + 1);
  arena.plan();
  CHECK(arena.size() == 2 * 1024);
}

TEST_CASE("buffers move, and an empty one holds nothing") {
  DeviceBuffer a(100);
  void* data = a.data();
  CHECK(reinterpret_cast<std::uintptr_t>(data) % 256 == 0);
  DeviceBuffer b = std::move(a);
  CHECK(b.data() == data);
  CHECK(b.size() == 100);
  CHECK(DeviceBuffer(0).data() == nullptr);
}

TEST_CASE("too much memory is an exception of its own that names the call, the place, the size") {
  const std::size_t huge = std::size_t{1} << 60;
  CHECK_THROWS_WITH_AS(DeviceBuffer{huge},
                       doctest::Contains("cudaMalloc(&data, bytes) failed at "
                                         "kernels/cuda/runtime/memory.cpp:"),
                       OutOfMemory);
  CHECK_THROWS_WITH_AS(DeviceBuffer{huge}, doctest::Contains("1152921504606846976 bytes"),
                       OutOfMemory);
  CHECK(cudaGetLastError() == cudaSuccess);
}

TEST_CASE("uploaded values are there for every stream") {
  const std::vector<float> values{1, 2, 3};
  const DeviceBuffer buffer = upload(values);
  const OwnedStream stream;
  PinnedBuffer back(buffer.size());
  ODIN_CUDA_CHECK(
      cudaMemcpyAsync(back.data(), buffer.data(), buffer.size(), cudaMemcpyDeviceToHost, stream));
  stream.synchronize();
  CHECK(std::vector<float>(back.as<float>(), back.as<float>() + 3) == values);
}

TEST_CASE("a recorded graph does its work when launched, as often as launched") {
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
  const Graph graph(stream, [] {});
  graph.launch(stream);
  CHECK_NOTHROW(stream.synchronize());
}
