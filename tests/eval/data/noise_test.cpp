#include "eval/data/noise.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <doctest/doctest.h>

#include "kernels/philox.h"
#include "tests/eval/data/data_support.h"
#include "tests/support/error_of.h"
#include "tests/support/support.h"

namespace odin::test {

TEST_CASE("Uniform noise follows its definition") {
  const std::uint64_t seed = 0x123456789ABCDEF0;
  const auto dataset = make_noise(NoiseKind::kUniform, 3, seed);
  CHECK(dataset->name() == "Uniform noise");
  CHECK(dataset->size() == 3);
  CHECK(!dataset->labelled());
  std::vector<float> expected;
  for (std::uint64_t k = 0; k < 3 * 3072; ++k) {
    expected.push_back(philox_uniform(seed, kUniformNoiseStream, k));
  }
  CHECK(read_all(*dataset) == expected);
}

TEST_CASE("Gaussian noise follows its definition") {
  const std::uint64_t seed = 42;
  const auto dataset = make_noise(NoiseKind::kGaussian, 2, seed);
  CHECK(dataset->name() == "Gaussian noise");
  std::vector<float> expected;
  for (std::uint64_t k = 0; k < 2 * 3072; k += 2) {
    const double u = (philox_bits(seed, kGaussianNoiseStream, k) + 0.5) * std::exp2(-32);
    const double v = philox_bits(seed, kGaussianNoiseStream, k + 1) * std::exp2(-32);
    const double radius = std::sqrt(-2 * std::log(u));
    for (const double z : {radius * std::cos(2 * std::numbers::pi * v),
                           radius * std::sin(2 * std::numbers::pi * v)}) {
      expected.push_back(static_cast<float>(std::min(std::max(0.5 + z, 0.0), 1.0)));
    }
  }
  const std::vector<float> pixels = read_all(*dataset);
  REQUIRE(pixels.size() == expected.size());
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    CHECK(std::abs(pixels[i] - expected[i]) <= 1.2e-7f);  // one unit in the last place below 1
  }
}

TEST_CASE("Noise depends neither on how it is read nor on the number of images") {
  for (const NoiseKind kind : {NoiseKind::kUniform, NoiseKind::kGaussian}) {
    const auto dataset = make_noise(kind, 11, 5);
    const std::vector<float> whole = read_all(*dataset);
    CHECK(read_all(*dataset, 1) == whole);
    CHECK(read_all(*dataset, 4) == whole);
    const std::vector<float> fewer = read_all(*make_noise(kind, 7, 5));
    CHECK(std::equal(fewer.begin(), fewer.end(), whole.begin()));
    CHECK(read_all(*make_noise(kind, 11, 6)) != whole);
    CHECK(read_all(*make_noise(kind, 11, 5 + (std::uint64_t{1} << 32))) != whole);
  }
}

TEST_CASE("Noise has the right distribution") {
  constexpr double kCount = 400 * 3072.0;
  const auto check = [](double found, double expected, double deviation) {
    // Five standard errors. The seed is fixed, so the result is always the same.
    CHECK(std::abs(found - expected) < 5 * deviation / std::sqrt(kCount));
  };
  const auto fraction = [](const std::vector<float>& pixels, auto which) {
    return static_cast<double>(std::count_if(pixels.begin(), pixels.end(), which)) / kCount;
  };
  const std::vector<float> uniform = read_all(*make_noise(NoiseKind::kUniform, 400, 1));
  CHECK(*std::min_element(uniform.begin(), uniform.end()) >= 0.0f);
  CHECK(*std::max_element(uniform.begin(), uniform.end()) < 1.0f);
  for (int tenth = 1; tenth < 10; ++tenth) {
    const double p = tenth / 10.0;
    check(fraction(uniform, [&](float x) { return x < p; }), p, std::sqrt(p * (1 - p)));
  }

  const std::vector<float> gaussian = read_all(*make_noise(NoiseKind::kGaussian, 400, 1));
  CHECK(*std::min_element(gaussian.begin(), gaussian.end()) == 0.0f);
  CHECK(*std::max_element(gaussian.begin(), gaussian.end()) == 1.0f);
  const auto normal_below = [](double x) { return 0.5 * std::erfc(-(x - 0.5) / std::sqrt(2.0)); };
  for (int tenth = 0; tenth < 10; ++tenth) {
    const double x = tenth / 10.0;
    const double p = normal_below(x);
    check(fraction(gaussian, [&](float y) { return y <= x; }), p, std::sqrt(p * (1 - p)));
  }
  // Neighbours share a radius but are independent: both are above a half as often as by chance.
  double both = 0;
  for (std::size_t i = 0; i < gaussian.size(); i += 2) {
    both += gaussian[i] > 0.5f && gaussian[i + 1] > 0.5f ? 1 : 0;
  }
  CHECK(std::abs(both / (kCount / 2) - 0.25) < 5 * std::sqrt(0.25 * 0.75 / (kCount / 2)));
}

TEST_CASE("Noise without images is an error") {
  for (const std::int64_t count : {0, -5}) {
    CHECK(holds(error_of([&] { make_noise(NoiseKind::kUniform, count, 0); }),
                {"at least one image"}));
  }
}

}  // namespace odin::test
