#include <doctest/doctest.h>

#include "kernels/backend.h"
#include "kernels/cuda/operations.h"
#include "kernels/philox.h"
#include "tests/kernels/cuda/elementwise_cases.h"

using namespace odin;
using namespace odin::test;

TEST_CASE("cuda: dropout draws the numbers of every other device") {
  const auto reference = make_reference_backend();
  const RandomKey key{0x123456789abcdefull, 42};
  for_cases([&](Element element, const Shape& shape, Placement, auto fresh) {
    const auto x = fresh(1);
    for (const double rate : {0.0, 0.3}) {
      auto y = fresh(2);
      cuda::dropout_forward(rate, key, x.view(), y.view(), nullptr);
      const auto& values = x.unchanged();
      std::vector<double> wanted(values.size());
      reference->dropout_forward(rate, key, tensor(values, shape), tensor(wanted, shape));
      check_close(y.values(), wanted, tolerance(element));

      auto dx = fresh(3);
      wanted = dx.unchanged();
      reference->dropout_backward(rate, key, tensor(values, shape), tensor(wanted, shape));
      cuda::dropout_backward(rate, key, x.view(), dx.view(), nullptr);
      check_close(dx.values(), wanted, tolerance(element));
    }
  });
}

TEST_CASE("cuda: dropout does not round its rate") {
  if (!device_or_skip()) return;
  // The number of element 1 is 0.7 rounded to a float: less than 0.7, so the element is dropped.
  const RandomKey key{487694, 0};
  REQUIRE(philox_uniform(key.seed, key.stream, 1) == 0.7F);
  const Shape shape{1, 4, 1, 1};
  const DeviceActivation x(Element::kFloat, shape, std::vector<double>(4, 1));
  const DeviceActivation y(Element::kFloat, shape, std::vector<double>(4, 2));
  cuda::dropout_forward(0.7, key, x.view(), y.view(), nullptr);
  CHECK(y.values()[1] == 0);
}

TEST_CASE("cuda: normal noise is the same as on the host") {
  if (!device_or_skip()) return;
  for (const std::int64_t count : {0, 1, 300}) {
    auto normal = device_floats(noise(1, count));
    cuda::normal_noise({5, 6}, 7, normal.data(), count, nullptr);
    std::vector<double> wanted(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < wanted.size(); ++i) wanted[i] = philox_normal(5, 6, 7 + i);
    check_close(doubles(normal), wanted, 0x1p-23);  // rounded to float once
  }
}
