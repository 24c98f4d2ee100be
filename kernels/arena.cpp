#include "kernels/arena.h"

#include <algorithm>
#include <numeric>

namespace odin {

int Arena::add(std::size_t size, const Lifetime& lifetime) {
  blocks_.push_back({(size + alignment_ - 1) / alignment_ * alignment_, lifetime, 0});
  return static_cast<int>(blocks_.size()) - 1;
}

void Arena::plan() {
  std::vector<std::size_t> order(blocks_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [this](std::size_t a, std::size_t b) {
    return blocks_[a].size > blocks_[b].size;
  });
  std::vector<const Block*> placed;  // by offset
  for (std::size_t i : order) {
    Block& block = blocks_[i];
    block.offset = 0;
    for (const Block* other : placed) {
      if (!other->lifetime.overlaps(block.lifetime)) continue;
      if (block.offset + block.size <= other->offset) break;
      block.offset = std::max(block.offset, other->offset + other->size);
    }
    placed.insert(
        std::upper_bound(placed.begin(), placed.end(), &block,
                         [](const Block* a, const Block* b) { return a->offset < b->offset; }),
        &block);
    size_ = std::max(size_, block.offset + block.size);
  }
}

}  // namespace odin
