// Work that a thread starts, closes into groups, and waits for group by group: cp.async and wgmma.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace emulated {

// First in, first out. Its memory is used again, because allocating is slow under the sanitizers.
template <class T>
class Groups {
 public:
  // A piece of work in the open group. It may hold what an earlier piece left in it.
  T& add() {
    if (used_ == work_.size()) work_.emplace_back();
    return work_[used_++];
  }
  // Closes the open group, which may be empty.
  void commit() { ends_.push_back(used_); }
  // The number of closed groups.
  std::size_t under_way() const { return ends_.size() - finished_; }
  // The oldest closed group. It stays until drop_oldest().
  std::span<T> oldest() {
    const std::size_t begin = finished_ == 0 ? 0 : ends_[finished_ - 1];
    return std::span<T>(work_).subspan(begin, ends_[finished_] - begin);
  }
  void drop_oldest() {
    if (ends_[finished_++] == used_) clear();  // nothing is under way or open
  }
  void clear() {
    ends_.clear();
    used_ = finished_ = 0;
  }

 private:
  std::vector<T> work_;
  std::vector<std::size_t> ends_;
  std::size_t used_ = 0;      // of work_
  std::size_t finished_ = 0;  // of ends_
};

}  // namespace emulated
