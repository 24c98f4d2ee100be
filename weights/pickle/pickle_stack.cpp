#include "weights/pickle/pickle_stack.h"

#include "kernels/error.h"

namespace odin {
namespace {

constexpr std::size_t kMostStack = std::size_t{1} << 18;
// More numbers than a PickleHeap holds objects.
constexpr std::uint64_t kMostMemo = std::uint64_t{1} << 19;

}  // namespace

void require_well_formed(bool condition, std::uint64_t at) {
  require(condition, "its pickle is invalid at byte {} (is the file damaged?)", at);
}

void PickleStack::push(PickleValue value) {
  require(values_.size() < kMostStack, "its pickle is nested more than {} deep", kMostStack);
  values_.push_back(value);
}

PickleValue PickleStack::top() const {
  require_well_formed(values_.size() > floor(), opcode_at_);
  return values_.back();
}

PickleValue PickleStack::pop() {
  const PickleValue value = top();
  values_.pop_back();
  return value;
}

PickleList PickleStack::pop_several(std::size_t count) {
  require_well_formed(values_.size() - floor() >= count, opcode_at_);
  return pop_from(values_.size() - count);
}

void PickleStack::push_mark() {
  require(marks_.size() < kMostStack, "its pickle is nested more than {} deep", kMostStack);
  marks_.push_back(values_.size());
}

PickleList PickleStack::pop_to_mark() {
  require_well_formed(!marks_.empty(), opcode_at_);
  const std::size_t begin = marks_.back();
  marks_.pop_back();
  return pop_from(begin);
}

void PickleStack::drop() {
  if (!marks_.empty() && marks_.back() == values_.size()) {
    marks_.pop_back();
  } else {
    pop();
  }
}

PickleList PickleStack::pop_from(std::size_t begin) {
  PickleList popped(values_.begin() + static_cast<std::ptrdiff_t>(begin), values_.end());
  values_.resize(begin);
  return popped;
}

void PickleMemo::set(std::uint64_t index, PickleValue value) {
  require(index < kMostMemo, "its pickle numbers an object {}, where no network has {}", index,
          kMostMemo);
  if (index >= values_.size()) {
    heap_.charge((index + 1 - values_.size()) * PickleHeap::kItemBytes);
    values_.resize(static_cast<std::size_t>(index) + 1, nullptr);
  }
  PickleValue& place = values_[static_cast<std::size_t>(index)];
  if (place == nullptr) ++count_;
  place = value;
}

}  // namespace odin
