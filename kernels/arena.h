// Shares one piece of memory among blocks by their lifetimes.
#pragma once

#include <cstddef>
#include <vector>

namespace odin {

// Places blocks with known lifetimes in one piece of memory. Blocks that are never alive together
// may share memory. Add all blocks, call plan(), then allocate size() and use offset(). Sizes and
// offsets are in whatever unit the user counts in (bytes on a GPU, floats on the CPU).
class Arena {
 public:
  // Every offset, and size(), is a multiple of `alignment`.
  explicit Arena(std::size_t alignment) : alignment_(alignment) {}

  // A block that is alive from moment `first` to moment `last`, both included. Returns its number,
  // counted from 0.
  int add(std::size_t size, int first, int last);
  // Assigns an offset to every block: the largest block first, each at the lowest place that no
  // block alive at the same time occupies.
  void plan();

  std::size_t offset(int block) const { return blocks_[static_cast<std::size_t>(block)].offset; }
  std::size_t size() const { return size_; }

 private:
  struct Block {
    std::size_t size;
    int first;
    int last;
    std::size_t offset;
  };

  std::size_t alignment_;
  std::vector<Block> blocks_;
  std::size_t size_ = 0;
};

}  // namespace odin
