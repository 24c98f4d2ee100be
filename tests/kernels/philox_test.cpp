// The random-number generator, and dropout, which uses it.
#include "kernels/philox.h"

#include <cmath>
#include <set>
#include <vector>

#include <doctest/doctest.h>

#include "tests/kernels/backends.h"
#include "tests/support/support.h"

namespace odin::test {
namespace {

void check_words(const Philox4x32& found, const Philox4x32& expected) {
  for (int i = 0; i < 4; ++i) CHECK(found.x[i] == expected.x[i]);
}

// The known-answer vectors of the authors' implementation, Random123 (kat_vectors).
TEST_CASE("Philox 4x32-10 gives its authors' known answers") {
  check_words(philox4x32_10({{0, 0, 0, 0}}, 0, 0),
              {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}});
  check_words(
      philox4x32_10({{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}}, 0xffffffff, 0xffffffff),
      {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}});
  check_words(
      philox4x32_10({{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, 0xa4093822, 0x299f31d0),
      {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}});
}

TEST_CASE("word i of a sequence is word i % 4 of the generator's block i / 4") {
  constexpr std::uint64_t kSeed = 0x299f31d0a4093822;
  constexpr std::uint64_t kStream = 0x0370734413198a2e;
  constexpr std::uint64_t kBlock = 0x05a308d3243f6a88;
  const Philox4x32 block =
      philox4x32_10({{0x243f6a88, 0x05a308d3, 0x13198a2e, 0x03707344}}, 0xa4093822, 0x299f31d0);
  for (std::uint64_t i = 0; i < 4; ++i) {
    CHECK(philox_bits(kSeed, kStream, 4 * kBlock + i) == block.x[i]);
  }
}

TEST_CASE("seeds, streams and indices give different words") {
  std::set<std::uint32_t> words;
  for (std::uint64_t high : {0, 1}) {
    for (std::uint64_t low : {0, 1, 4}) {
      const std::uint64_t v = high << 34 | low;
      words.insert(philox_bits(v, 0, 0));
      words.insert(philox_bits(0, v, 0));
      words.insert(philox_bits(0, 0, v));
    }
  }
  CHECK(words.size() == 3 * 6 - 2);  // all zeros occurs three times
}

// With n = 2^18 independent uniform numbers, the mean of u^k has a standard deviation below
// 0.3 / sqrt(n) = 6e-4. The numbers are fixed, so the bound of 2e-3 holds always or never.
TEST_CASE("uniform numbers have the right moments and do not correlate with their neighbours") {
  constexpr int kCount = 1 << 18;
  for (const std::uint64_t stream : {0, 1}) {
    double sums[4] = {};
    double products = 0;
    float before = 0.5f;
    float smallest = 1;
    float largest = 0;
    for (int i = 0; i < kCount; ++i) {
      const float u = philox_uniform(12345, stream, static_cast<std::uint64_t>(i));
      double power = 1;
      for (double& sum : sums) sum += power *= static_cast<double>(u);
      products += (static_cast<double>(u) - 0.5) * (static_cast<double>(before) - 0.5);
      before = u;
      smallest = std::min(smallest, u);
      largest = std::max(largest, u);
    }
    for (int k = 0; k < 4; ++k) CHECK(std::abs(sums[k] / kCount - 1.0 / (k + 2)) < 2e-3);
    CHECK(std::abs(products / kCount) < 2e-3);
    CHECK(smallest >= 0);
    CHECK(smallest < 1e-4f);
    CHECK(largest < 1);
    CHECK(largest > 1 - 1e-4f);
  }
}

std::vector<double> dropped(Backend& backend, double rate, RandomKey key, const Shape& shape) {
  const auto count = static_cast<std::size_t>(shape.numel());
  const auto memory = backend.allocate(2 * count * size_of(backend.data_type()));
  const TensorView x(memory.get(), backend.data_type(), shape, backend.activation_strides(shape));
  backend.fill(x, 1);
  backend.dropout_forward(rate, key, x, x);
  std::vector<double> values(count);
  backend.download(x, values.data());
  return values;
}

TEST_CASE("dropout drops its rate and keeps the mean") {
  for (const BackendUnderTest& under_test : backends()) {
    const std::unique_ptr<Backend> backend = under_test.make();
    for (const double rate : {0.0, 0.1, 0.5, 0.9}) {
      const std::vector<double> values = dropped(*backend, rate, {3, 1}, {4, 16, 32, 32});
      double kept = 0;
      double sum = 0;
      std::size_t scaled = 0;
      for (const double v : values) {
        kept += v != 0 ? 1 : 0;
        sum += v;
        scaled += v == 0 || std::abs(v * (1 - rate) - 1) < 1e-6 ? 1 : 0;
      }
      CHECK(scaled == values.size());
      // 65,536 elements: the deviation of the fraction is below 0.5 / 256 = 2e-3.
      CHECK(std::abs(kept / static_cast<double>(values.size()) - (1 - rate)) < 6e-3);
      CHECK(sum == doctest::Approx(kept / (1 - rate)).epsilon(1e-6));
    }
  }
}

TEST_CASE("the mask of dropout depends only on the key and the element's index") {
  for (const BackendUnderTest& under_test : backends()) {
    const std::unique_ptr<Backend> backend = under_test.make();
    const std::vector<double> mask = dropped(*backend, 0.5, {3, 1}, {2, 3, 5, 7});
    CHECK(mask == dropped(*backend, 0.5, {3, 1}, {6, 5, 7, 1}));
    CHECK(mask != dropped(*backend, 0.5, {4, 1}, {2, 3, 5, 7}));
    CHECK(mask != dropped(*backend, 0.5, {3, 2}, {2, 3, 5, 7}));
    for (std::size_t i = 0; i < mask.size(); ++i) {
      CHECK((mask[i] != 0) == (philox_uniform(3, 1, i) >= 0.5f));
    }
  }
}

}  // namespace
}  // namespace odin::test
