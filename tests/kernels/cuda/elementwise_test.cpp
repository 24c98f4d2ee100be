#include <algorithm>

#include <doctest/doctest.h>

#include "kernels/cuda/operations.h"
#include "kernels/error.h"
#include "tests/kernels/cuda/elementwise_cases.h"

using namespace odin;
using namespace odin::test;

TEST_CASE("cuda: fill writes every element, and nothing around them") {
  for_cases([](Element, const Shape& shape, Placement, auto fresh) {
    auto y = fresh(1);
    cuda::fill(y.view(), 0.5f, nullptr);
    CHECK(y.values() == std::vector<double>(static_cast<std::size_t>(shape.numel()), 0.5));
  });
}

TEST_CASE("cuda: copy converts between all element types") {
  for_cases([](Element, const Shape& shape, Placement placement, auto fresh) {
    const auto x = fresh(1);
    for (const Element to : kElements) {
      CAPTURE(name_of(to));
      DeviceActivation y(to, shape, noise(2, shape.numel()), placement);
      cuda::copy(x.view(), y.view(), nullptr);
      // Rounded as the host rounds.
      const DeviceActivation wanted(to, shape, x.unchanged(), placement);
      CHECK(y.values() == wanted.unchanged());
    }
  });
}

TEST_CASE("cuda: operands of other shapes or types are refused") {
  if (!device_or_skip()) return;
  const Shape shape{1, 4, 2, 2};
  const Shape other{1, 4, 2, 1};
  DeviceActivation x(Element::kFloat, shape, noise(1, 16));
  DeviceActivation y(Element::kFloat, other, noise(1, 8));
  DeviceActivation half(Element::kHalf, shape, noise(1, 16));
  CHECK_THROWS_AS(cuda::copy(x.view(), y.view(), nullptr), Error);
  CHECK_THROWS_AS(cuda::add(x.view(), x.view(), half.view(), nullptr), Error);
  CHECK_THROWS_AS(cuda::relu_backward(x.view(), y.view(), x.view(), nullptr), Error);
}

TEST_CASE("cuda: add sums, also in place") {
  for_cases([](Element element, const Shape&, Placement, auto fresh) {
    auto a = fresh(1);
    const auto b = fresh(2);
    auto y = fresh(3);
    const auto wanted =
        combine(a.unchanged(), b.unchanged(), [](double u, double v) { return u + v; });
    cuda::add(a.view(), b.view(), y.view(), nullptr);
    const auto sums = y.values();
    check_close(sums, wanted, tolerance(element));
    cuda::add(a.view(), b.view(), a.view(), nullptr);
    CHECK(a.values() == sums);
  });
}

TEST_CASE("cuda: batch norm and ReLU of evaluation, forward and backward") {
  for_cases([](Element element, const Shape& shape, Placement, auto fresh) {
    const std::int64_t channels = shape[1];
    auto scale = device_floats(noise(10, channels));
    auto shift = device_floats(noise(11, channels));
    for (const bool identity : {false, true}) {
      for (const bool relu : {false, true}) {
        CAPTURE(identity);
        CAPTURE(relu);
        const cuda::Affine affine{identity ? nullptr : scale.data(),
                                  identity ? nullptr : shift.data(), relu};
        const auto x = fresh(1);
        auto y = fresh(2);
        const auto dy = fresh(3);
        auto dx = fresh(4);
        const auto& values = x.unchanged();
        const auto& gradients = dy.unchanged();
        std::vector<double> wanted(values.size());
        std::vector<double> wanted_gradient = dx.unchanged();
        const auto scales = unchanged(scale);
        const auto shifts = unchanged(shift);
        for (std::size_t i = 0; i < values.size(); ++i) {
          const std::size_t c = i / static_cast<std::size_t>(shape[2] * shape[3]) %
                                static_cast<std::size_t>(channels);
          const double s = identity ? 1 : scales[c];
          const double z = s * values[i] + (identity ? 0 : shifts[c]);
          wanted[i] = relu ? std::max(z, 0.0) : z;
          if (!relu || z > 0) wanted_gradient[i] += s * gradients[i];
        }
        cuda::affine_forward(affine, x.view(), y.view(), nullptr);
        check_close(y.values(), wanted, tolerance(element));
        cuda::affine_backward(affine, x.view(), dy.view(), dx.view(), nullptr);
        check_close(dx.values(), wanted_gradient, tolerance(element));
      }
    }
  });
}
