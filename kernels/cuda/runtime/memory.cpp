#include "kernels/cuda/runtime/memory.h"

#include <algorithm>
#include <numeric>

#include <cuda_runtime.h>

#include "kernels/cuda/runtime/status.h"

namespace odin::cuda {

void* allocate_device(std::size_t bytes) {
  void* data = nullptr;
  ODIN_CUDA_CHECK(cudaMalloc(&data, bytes), "{} bytes", bytes);
  return data;
}

void release_device(void* data) {
  cudaFree(data);
}

void* allocate_pinned(std::size_t bytes) {
  void* data = nullptr;
  ODIN_CUDA_CHECK(cudaHostAlloc(&data, bytes, cudaHostAllocDefault), "{} bytes", bytes);
  return data;
}

void release_pinned(void* data) {
  cudaFreeHost(data);
}

int Arena::add(std::size_t bytes, int first, int last) {
  blocks_.push_back({(bytes + kAlignment - 1) / kAlignment * kAlignment, first, last, 0});
  return static_cast<int>(blocks_.size()) - 1;
}

void Arena::plan() {
  std::vector<std::size_t> order(blocks_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [this](std::size_t a, std::size_t b) {
    return blocks_[a].bytes > blocks_[b].bytes;
  });
  std::vector<const Block*> placed;  // by offset
  for (std::size_t i : order) {
    Block& block = blocks_[i];
    block.offset = 0;
    for (const Block* other : placed) {
      const bool together = other->first <= block.last && block.first <= other->last;
      if (!together) continue;
      if (block.offset + block.bytes <= other->offset) break;
      block.offset = std::max(block.offset, other->offset + other->bytes);
    }
    placed.insert(
        std::upper_bound(placed.begin(), placed.end(), &block,
                         [](const Block* a, const Block* b) { return a->offset < b->offset; }),
        &block);
    size_ = std::max(size_, block.offset + block.bytes);
  }
}

}  // namespace odin::cuda
