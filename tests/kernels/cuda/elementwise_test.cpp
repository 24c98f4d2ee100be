#include "kernels/cuda/elementwise.h"

#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include "kernels/cuda/dropout.h"
#include "kernels/cuda/layout.h"
#include "kernels/cuda/perturb.h"
#include "kernels/cuda/sgd.h"
#include "kernels/error.h"
#include "kernels/philox.h"
#include "tests/kernels/cuda/support.h"

using namespace odin;
using namespace odin::test;

namespace {

constexpr Element kElements[] = {Element::kFloat, Element::kHalf, Element::kBFloat16};

struct Case {
  Shape shape;
  Placement placement;
};
// Dense and aligned; a vector's tail; a slice that no vector fits; single elements; no images.
const Case kCases[] = {
    {{2, 16, 3, 5}, {0, 0}},  {{2, 13, 2, 2}, {8, 3}}, {{3, 12, 1, 3}, {5, 2}},
    {{1, 1, 1, 1}, {0, 0}},   {{1, 3, 4, 4}, {0, 0}},  {{0, 8, 2, 2}, {0, 0}},
    {{1, 300, 9, 1}, {0, 4}},
};

// Calls test(element, shape, placement, fresh) where fresh(seed) makes an operand of that shape.
template <class Test>
void for_cases(Test test) {
  if (!device_or_skip()) return;
  for (const Element element : kElements) {
    for (const Case& c : kCases) {
      CAPTURE(name_of(element));
      CAPTURE(c.shape.to_string());
      CAPTURE(c.placement.begin);
      test(element, c.shape, c.placement, [&](std::uint64_t seed) {
        return DeviceActivation(element, c.shape, noise(seed, c.shape.numel()), c.placement);
      });
    }
  }
}

// One rounding of a result of size about 1, with room for a second one in float.
double tolerance(Element element) {
  return 2 * unit_roundoff(element) + 0x1p-22;
}

template <class F>
std::vector<double> combine(const std::vector<double>& a, const std::vector<double>& b, F f) {
  std::vector<double> result(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) result[i] = f(a[i], b[i]);
  return result;
}

}  // namespace

TEST_CASE("cuda: fill") {
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
      const DeviceActivation wanted(to, shape, x.values(), placement);
      CHECK(y.values() == wanted.values());
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

TEST_CASE("cuda: add, also in place") {
  for_cases([](Element element, const Shape&, Placement, auto fresh) {
    auto a = fresh(1);
    const auto b = fresh(2);
    auto y = fresh(3);
    const auto wanted = combine(a.values(), b.values(), [](double u, double v) { return u + v; });
    cuda::add(a.view(), b.view(), y.view(), nullptr);
    check_close(y.values(), wanted, tolerance(element));
    cuda::add(a.view(), b.view(), a.view(), nullptr);
    CHECK(a.values() == y.values());
  });
}

TEST_CASE("cuda: relu forward and backward") {
  for_cases([](Element element, const Shape&, Placement, auto fresh) {
    const auto x = fresh(1);
    auto y = fresh(2);
    cuda::relu_forward(x.view(), y.view(), nullptr);
    const auto relu = [](double u, double) { return std::max(u, 0.0); };
    CHECK(y.values() == combine(x.values(), x.values(), relu));

    const auto dy = fresh(3);
    auto dx = fresh(4);
    auto wanted =
        combine(y.values(), dy.values(), [](double u, double d) { return u > 0 ? d : 0; });
    wanted = combine(wanted, dx.values(), [](double u, double v) { return u + v; });
    cuda::relu_backward(y.view(), dy.view(), dx.view(), nullptr);
    check_close(dx.values(), wanted, tolerance(element));
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
        const auto values = x.values();
        const auto gradients = dy.values();
        std::vector<double> wanted(values.size());
        std::vector<double> wanted_gradient = dx.values();
        const auto scales = doubles(scale);
        const auto shifts = doubles(shift);
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

TEST_CASE("cuda: between NCHW and NHWC") {
  for_cases([](Element element, const Shape& shape, Placement placement, auto fresh) {
    const auto values = noise(7, shape.numel());
    auto host_like = device_floats(values);
    auto y = fresh(1);
    cuda::from_nchw(host_like.data(), y.view(), nullptr);
    const DeviceActivation wanted(element, shape, values, placement);
    CHECK(y.values() == wanted.values());

    auto back = device_floats(noise(8, shape.numel()));
    cuda::to_nchw(y.view(), back.data(), nullptr);
    CHECK(doubles(back) == y.values());
  });
}

TEST_CASE("cuda: ODIN's perturbation") {
  for_cases([](Element, const Shape& shape, Placement placement, auto fresh) {
    auto gradients = noise(2, shape.numel());
    for (std::size_t i = 0; i < gradients.size(); i += 3) gradients[i] = 0;  // counts as positive
    const DeviceActivation x(Element::kFloat, shape, noise(1, shape.numel()), placement);
    auto gradient = fresh(2);
    cuda::fill(gradient.view(), 0, nullptr);
    for (const Element element : kElements) {
      const DeviceActivation g(element, shape, gradients, placement);
      auto step = device_floats(noise(3, shape[1]));
      DeviceActivation y(Element::kFloat, shape, noise(4, shape.numel()), placement);
      cuda::perturb(x.view(), g.view(), step.data(), y.view(), nullptr);
      const auto values = x.values();
      const auto steps = doubles(step);
      std::vector<double> wanted(values.size());
      for (std::size_t i = 0; i < values.size(); ++i) {
        const std::size_t c =
            i / static_cast<std::size_t>(shape[2] * shape[3]) % static_cast<std::size_t>(shape[1]);
        wanted[i] = values[i] - (gradients[i] >= 0 ? steps[c] : -steps[c]);
      }
      check_close(y.values(), wanted, 0x1p-23);  // one subtraction in float
    }
  });
}

TEST_CASE("cuda: dropout draws the numbers of every other device") {
  const auto reference = make_reference_backend();
  const RandomKey key{0x123456789abcdefull, 42};
  for_cases([&](Element element, const Shape& shape, Placement, auto fresh) {
    const auto x = fresh(1);
    for (const double rate : {0.0, 0.3}) {
      auto y = fresh(2);
      cuda::dropout_forward(rate, key.seed, key.stream, x.view(), y.view(), nullptr);
      const auto values = x.values();
      std::vector<double> wanted(values.size());
      reference->dropout_forward(rate, key, tensor(values, shape), tensor(wanted, shape));
      check_close(y.values(), wanted, tolerance(element));

      auto dx = fresh(3);
      wanted = dx.values();
      reference->dropout_backward(rate, key, tensor(values, shape), tensor(wanted, shape));
      cuda::dropout_backward(rate, key.seed, key.stream, x.view(), dx.view(), nullptr);
      check_close(dx.values(), wanted, tolerance(element));
    }
  });
}

TEST_CASE("cuda: noise") {
  if (!device_or_skip()) return;
  for (const std::int64_t count : {0, 1, 300}) {
    auto uniform = device_floats(noise(1, count));
    auto normal = device_floats(noise(1, count));
    cuda::uniform_noise(5, 6, 7, uniform.data(), count, nullptr);
    cuda::normal_noise(5, 6, 7, normal.data(), count, nullptr);
    std::vector<double> wanted(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < wanted.size(); ++i) wanted[i] = philox_uniform(5, 6, 7 + i);
    CHECK(doubles(uniform) == wanted);
    for (std::size_t i = 0; i < wanted.size(); ++i) wanted[i] = philox_normal(5, 6, 7 + i);
    check_close(doubles(normal), wanted, 0x1p-23);  // rounded to float once
  }
}

TEST_CASE("cuda: values that are not finite are found, wherever they are") {
  if (!device_or_skip()) return;
  for (const std::int64_t count : {0, 1, 7, 1030}) {
    DeviceArray<std::int32_t> found({0});
    const auto values = noise(1, count);
    auto finite = device_floats(values);
    cuda::find_not_finite(finite.data(), count, found.data(), nullptr);
    CHECK(found.values()[0] == 0);
    for (const double value : {HUGE_VAL, -HUGE_VAL, std::nan("")}) {
      for (const std::int64_t place : {std::int64_t{0}, count / 2, count - 1}) {
        if (count == 0) continue;
        DeviceArray<std::int32_t> flag({0});
        auto spoilt = values;
        spoilt[static_cast<std::size_t>(place)] = value;
        auto x = device_floats(spoilt);
        cuda::find_not_finite(x.data(), count, flag.data(), nullptr);
        CHECK(flag.values()[0] == 1);
      }
    }
  }
}

TEST_CASE("cuda: SGD with momentum, two steps") {
  if (!device_or_skip()) return;
  for (const std::int64_t count : {0, 1, 7, 1030}) {
    for (const bool nesterov : {false, true}) {
      const cuda::SgdSetting setting{0.1f, 0.9f, 5e-4f, nesterov, nesterov ? 8.0f : 1.0f};
      auto w = device_floats(noise(1, count));
      auto velocity = device_floats(std::vector<double>(static_cast<std::size_t>(count)));
      std::vector<double> wanted = doubles(w);
      std::vector<double> v(wanted.size());
      for (std::uint64_t step = 0; step < 2; ++step) {
        auto gradient = device_floats(noise(2 + step, count));
        const auto g = doubles(gradient);
        for (std::size_t i = 0; i < wanted.size(); ++i) {
          const double d =
              g[i] / double{setting.loss_scale} + double{setting.weight_decay} * wanted[i];
          v[i] = double{setting.momentum} * v[i] + d;
          wanted[i] -= double{setting.learning_rate} *
                       (nesterov ? d + double{setting.momentum} * v[i] : v[i]);
        }
        cuda::sgd_step(setting, w.data(), gradient.data(), velocity.data(), count, nullptr);
      }
      check_close(doubles(w), wanted, 0x1p-21);  // a few roundings in float
      check_close(doubles(velocity), v, 0x1p-21);
    }
  }
}
