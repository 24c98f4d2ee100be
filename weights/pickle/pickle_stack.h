// The memory of the machine that runs a pickle: its stack with marks, and its memo.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "weights/pickle/pickle_value.h"

namespace odin {

// Throws Error, naming byte `at` of the pickle, unless `condition` holds.
void require_well_formed(bool condition, std::uint64_t at);

// A pop that would reach below the last mark throws Error, and so does a push beyond the limit.
class PickleStack {
 public:
  // `opcode_at` is the byte of the opcode that is being run, for errors.
  explicit PickleStack(const std::uint64_t& opcode_at) : opcode_at_(opcode_at) {}

  void push(PickleValue value);
  PickleValue top() const;
  PickleValue pop();
  // The last `count` values, oldest first.
  PickleList pop_several(std::size_t count);

  void push_mark();
  // The values above the last mark. Removes the mark too.
  PickleList pop_to_mark();
  // Removes the last value or the last mark, whichever is on top.
  void drop();

 private:
  std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  PickleList pop_from(std::size_t begin);

  const std::uint64_t& opcode_at_;
  PickleList values_;
  std::vector<std::size_t> marks_;
};

// Values that a pickle refers to by number.
class PickleMemo {
 public:
  explicit PickleMemo(PickleHeap& heap) : heap_(heap) {}

  // Charges the heap for the memory. Throws Error for a number that no network needs.
  void set(std::uint64_t index, PickleValue value);
  // The value of that number, or nullptr.
  PickleValue find(std::uint64_t index) const {
    return index < values_.size() ? values_[static_cast<std::size_t>(index)] : nullptr;
  }
  // How many numbers have a value.
  std::uint64_t count() const { return count_; }

 private:
  PickleHeap& heap_;
  PickleList values_;  // by number; nullptr for numbers without a value
  std::uint64_t count_ = 0;
};

}  // namespace odin
