// Shares one piece of memory among blocks by their lifetimes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

namespace odin {

// From the first to the last moment at which something is needed, both included. The user decides
// what a moment is: a step of a plan, for example.
struct Lifetime {
  int first = std::numeric_limits<int>::max();
  int last = -1;

  bool empty() const { return last < 0; }
  void extend(int moment) {
    first = std::min(first, moment);
    last = std::max(last, moment);
  }
  bool overlaps(const Lifetime& other) const { return first <= other.last && other.first <= last; }
};

// Places blocks with known lifetimes in one piece of memory. Blocks that are never alive together
// may share memory. Add all blocks, call plan(), then allocate size() and use offset(). Sizes and
// offsets are in whatever unit the user counts in (bytes on a GPU, floats on the CPU).
class Arena {
 public:
  // Every offset, and size(), is a multiple of `alignment`.
  explicit Arena(std::size_t alignment) : alignment_(alignment) {}

  // Returns the block's number, counted from 0.
  int add(std::size_t size, const Lifetime& lifetime);
  // Assigns an offset to every block: the largest block first, each at the lowest place that no
  // block alive at the same time occupies.
  void plan();

  std::size_t offset(int block) const { return blocks_[static_cast<std::size_t>(block)].offset; }
  std::size_t size() const { return size_; }

 private:
  struct Block {
    std::size_t size;
    Lifetime lifetime;
    std::size_t offset;
  };

  std::size_t alignment_;
  std::vector<Block> blocks_;
  std::size_t size_ = 0;
};

}  // namespace odin
