#include "eval/data/random_order.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "kernels/augmentation.h"

namespace odin {
namespace {

// One stream of random numbers for each class. No other draw has these streams.
constexpr std::uint64_t kClassStreams = std::uint64_t{0x5742} << 32;
constexpr double kStarts = 4294967296.0;  // 2^32

}  // namespace

std::vector<std::int32_t> random_permutation(std::int64_t count, RandomKey key) {
  std::vector<std::int32_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t left = order.size(); left > 1; --left) {
    const int chosen =
        uniform_below(philox_bits(key.seed, key.stream, left), static_cast<std::uint32_t>(left));
    std::swap(order[left - 1], order[static_cast<std::size_t>(chosen)]);
  }
  return order;
}

std::vector<std::int64_t> stratified_order(std::span<const std::int32_t> labels,
                                           std::uint64_t seed) {
  std::vector<std::vector<std::int64_t>> classes;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto label = static_cast<std::size_t>(labels[i]);
    if (label >= classes.size()) classes.resize(label + 1);
    classes[label].push_back(static_cast<std::int64_t>(i));
  }
  std::vector<std::pair<double, std::int64_t>> placed;  // place in 0..1, image
  for (std::size_t c = 0; c < classes.size(); ++c) {
    const RandomKey key{seed, kClassStreams + c};
    const auto size = static_cast<std::int64_t>(classes[c].size());
    // The permutation does not use word 0.
    const double start = (philox_bits(key.seed, key.stream, 0) + 0.5) / kStarts;
    double place = start;
    for (const std::int32_t chosen : random_permutation(size, key)) {
      placed.emplace_back(place / static_cast<double>(size),
                          classes[c][static_cast<std::size_t>(chosen)]);
      place += 1;
    }
  }
  std::ranges::sort(placed);
  std::vector<std::int64_t> order;
  for (const auto& [place, image] : placed) order.push_back(image);
  return order;
}

}  // namespace odin
