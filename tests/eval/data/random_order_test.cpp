#include "eval/data/random_order.h"

#include <algorithm>
#include <map>
#include <set>

#include <doctest/doctest.h>

namespace odin::test {
namespace {

// How often each class is among the first `count` images of the order.
std::vector<int> counts(const std::vector<std::int64_t>& order,
                        const std::vector<std::int32_t>& labels, std::size_t count, int classes) {
  std::vector<int> counts(static_cast<std::size_t>(classes));
  for (std::size_t i = 0; i < count; ++i) {
    ++counts[static_cast<std::size_t>(labels[static_cast<std::size_t>(order[i])])];
  }
  return counts;
}

}  // namespace

TEST_CASE("Random order: a permutation has each image once, and another key gives another order") {
  for (const std::int64_t count : {0, 1, 2, 1000}) {
    const std::vector<std::int32_t> order = random_permutation(count, {1, 2});
    CHECK(static_cast<std::int64_t>(order.size()) == count);
    const std::set<std::int32_t> found(order.begin(), order.end());
    CHECK(static_cast<std::int64_t>(found.size()) == count);
    if (count > 0) {
      CHECK(*found.begin() == 0);
      CHECK(*found.rbegin() == count - 1);
    }
  }
  CHECK(random_permutation(100, {1, 2}) == random_permutation(100, {1, 2}));
  CHECK(random_permutation(100, {1, 2}) != random_permutation(100, {1, 3}));
  CHECK(random_permutation(100, {1, 2}) != random_permutation(100, {2, 2}));
}

TEST_CASE("Random order: all permutations are equally likely") {
  // 6000 draws of the six orders of three: 1000 each, deviation 29; seven deviations are allowed.
  int counts[6] = {};
  for (std::uint64_t stream = 0; stream < 6000; ++stream) {
    const std::vector<std::int32_t> order = random_permutation(3, {9, stream});
    ++counts[order[0] * 2 + (order[1] > order[2])];
  }
  for (const int count : counts) {
    CHECK(count > 800);
    CHECK(count < 1200);
  }
}

TEST_CASE("Random order: every stretch of a stratified order has classes of one size alike") {
  std::vector<std::int32_t> labels;
  for (int i = 0; i < 400; ++i) labels.push_back(i / 40);  // sorted by class, as folders are
  const std::vector<std::int64_t> order = stratified_order(labels, 0);
  CHECK(std::set<std::int64_t>(order.begin(), order.end()).size() == 400);
  for (std::size_t count = 0; count <= 400; ++count) {
    const std::vector<int> found = counts(order, labels, count, 10);
    CHECK(std::ranges::max(found) - std::ranges::min(found) <= 1);
  }
  // Not in the order of the names, and another seed gives another order.
  CHECK(!std::is_sorted(order.begin(), order.begin() + 10));
  CHECK(order == stratified_order(labels, 0));
  CHECK(order != stratified_order(labels, 1));
}

TEST_CASE("Random order: a stratified order keeps the proportions of classes of different sizes") {
  std::vector<std::int32_t> labels(600, 0);
  labels.insert(labels.end(), 300, 1);
  labels.insert(labels.end(), 100, 3);  // and no image of class 2
  const std::vector<std::int64_t> order = stratified_order(labels, 5);
  for (std::size_t count = 10; count <= 1000; count += 10) {
    const std::vector<int> found = counts(order, labels, count, 4);
    const int share = static_cast<int>(count) / 10;
    CHECK(std::abs(found[0] - 6 * share) <= 2);
    CHECK(std::abs(found[1] - 3 * share) <= 2);
    CHECK(found[2] == 0);
    CHECK(std::abs(found[3] - share) <= 1);
  }
  CHECK(stratified_order({}, 0).empty());
}

TEST_CASE("Random order: every image of a class is equally likely to come first") {
  const std::vector<std::int32_t> labels{0, 0, 0, 1, 1, 1};
  std::map<std::int64_t, int> first;
  for (std::uint64_t seed = 0; seed < 6000; ++seed) ++first[stratified_order(labels, seed)[0]];
  CHECK(first.size() == 6);
  for (const auto& [image, times] : first) {  // 1000 each, deviation 29
    CHECK(times > 800);
    CHECK(times < 1200);
  }
}

}  // namespace odin::test
