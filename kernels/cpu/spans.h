// How the CPU's kernels see a tensor: rows without gaps, cut into pieces for the threads.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "kernels/error.h"
#include "kernels/tensor_view.h"
#include "kernels/thread_pool.h"

namespace odin::cpu {

// About the number of elements that a thread should take at once: enough to be worth the hand-over,
// few enough to stay in its cache.
inline constexpr std::int64_t kGrain = 16384;

// Rows of `length` elements without gaps, one for each index of the first axis.
struct Rows {
  std::int64_t count = 0;
  std::int64_t length = 0;
  std::int64_t stride = 0;  // from row to row
};

// The rows of a view. Throws Error if an axis other than the first has gaps. (The CPU is planar, so
// a channel slice of a wider buffer has none.)
inline Rows rows_of(std::string_view operand, const ConstTensorView& view) {
  if (view.empty()) return {};
  Shape row = view.shape();
  // A vector is one row.
  if (row.rank() > 1) row.set(0, 1);
  const ConstTensorView first(view.raw(), view.type(), row, view.strides());
  require(
      first.is_contiguous(),
      "{} of shape {} must be planar on the CPU: dense, or images or channels of a dense tensor",
      operand, view.shape().to_string());
  return {view.numel() / row.numel(), row.numel(), view.strides()[0]};
}

// Calls task(row, begin, end) for pieces of every row.
template <class Task>
void for_each_span(ThreadPool& pool, const Rows& rows, Task&& task) {
  const std::int64_t pieces = std::max<std::int64_t>(1, (rows.length + kGrain - 1) / kGrain);
  const std::int64_t rows_at_once =
      pieces > 1 ? 1 : std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(1, rows.length));
  const std::int64_t groups = (rows.count + rows_at_once - 1) / rows_at_once;
  pool.run(groups * pieces, [&](std::int64_t index, int) {
    const std::int64_t first = index / pieces * rows_at_once;
    const std::int64_t last = std::min(rows.count, first + rows_at_once);
    const std::int64_t begin = rows.length * (index % pieces) / pieces;
    const std::int64_t end = rows.length * (index % pieces + 1) / pieces;
    for (std::int64_t row = first; row < last; ++row) task(row, begin, end);
  });
}

}  // namespace odin::cpu
