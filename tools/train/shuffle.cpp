#include "tools/train/shuffle.h"

#include <numeric>
#include <utility>

#include "kernels/augmentation.h"

namespace odin::training {

std::vector<std::int32_t> shuffled(std::int64_t count, RandomKey key) {
  std::vector<std::int32_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t left = order.size(); left > 1; --left) {
    const int chosen =
        uniform_below(philox_bits(key.seed, key.stream, left), static_cast<std::uint32_t>(left));
    std::swap(order[left - 1], order[static_cast<std::size_t>(chosen)]);
  }
  return order;
}

}  // namespace odin::training
