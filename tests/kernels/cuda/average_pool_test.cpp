#include <algorithm>

#include <doctest/doctest.h>

#include "kernels/cuda/operations.h"
#include "kernels/error.h"
#include "tests/kernels/cuda/support.h"
#include "tests/support/support.h"

using namespace odin;
using namespace odin::test;

namespace {

struct Case {
  Shape x;
  int window;
  int stride;
  Placement placement;
};
// Global, halving, overlapping, with gaps, with rows that fill no window; aligned and not.
const Case kCases[] = {
    {{2, 16, 8, 8}, 8, 1, {0, 0}}, {{2, 12, 6, 4}, 2, 2, {5, 2}}, {{1, 9, 7, 6}, 3, 2, {0, 0}},
    {{1, 8, 5, 7}, 2, 3, {8, 0}},  {{1, 1, 1, 1}, 1, 1, {0, 0}},  {{0, 8, 4, 4}, 2, 2, {0, 0}},
};

Shape pooled(const Case& c) {
  return {c.x[0], c.x[1], (c.x[2] - c.window) / c.stride + 1, (c.x[3] - c.window) / c.stride + 1};
}

template <class Test>
void for_cases(Test test) {
  if (!device_or_skip()) return;
  const std::pair<Element, Element> types[] = {{Element::kFloat, Element::kFloat},
                                               {Element::kHalf, Element::kHalf},
                                               {Element::kBFloat16, Element::kFloat}};
  for (const auto& [element, pooled_element] : types) {
    for (const Case& c : cases_of(kCases, 2)) {
      for (const bool normalised : {false, true}) {
        CAPTURE(name_of(element));
        CAPTURE(c.x.to_string());
        CAPTURE(c.window);
        CAPTURE(normalised);
        test(element, pooled_element, c, normalised);
      }
    }
  }
}

}  // namespace

TEST_CASE("cuda: average pooling, forward and backward, with and without batch norm and ReLU") {
  const auto reference = make_reference_backend();
  for_cases([&](Element element, Element pooled_element, const Case& c, bool normalised) {
    const Shape out = pooled(c);
    auto scale = device_floats(noise(10, c.x[1]));
    auto shift = device_floats(noise(11, c.x[1]));
    const auto scales = unchanged(scale);
    const auto shifts = unchanged(shift);
    const cuda::Affine affine =
        normalised ? cuda::Affine{scale.data(), shift.data(), true} : cuda::Affine{};
    const DeviceActivation x(element, c.x, noise(1, c.x.numel()), c.placement);
    auto z = x.unchanged();
    std::vector<double> slope(z.size(), 1.0);
    for (std::size_t i = 0; normalised && i < z.size(); ++i) {
      const std::size_t channel =
          i / static_cast<std::size_t>(c.x[2] * c.x[3]) % static_cast<std::size_t>(c.x[1]);
      z[i] = scales[channel] * z[i] + shifts[channel];
      slope[i] = z[i] > 0 ? scales[channel] : 0;
      z[i] = std::max(z[i], 0.0);
    }
    std::vector<double> wanted(static_cast<std::size_t>(out.numel()));
    reference->average_pool_forward(c.window, c.stride, tensor(z, c.x), tensor(wanted, out));
    const DeviceActivation y(pooled_element, out, noise(2, out.numel()), c.placement);
    cuda::average_pool_forward(c.window, c.stride, affine, x.view(), y.view(), nullptr);
    // A sum in float, rounded once.
    check_close(y.values(), wanted, 2 * unit_roundoff(pooled_element) + 1e-6);

    const DeviceActivation dy(pooled_element, out, noise(3, out.numel()), c.placement);
    const DeviceActivation dx(element, c.x, noise(4, c.x.numel()), c.placement);
    const auto& gradients = dy.unchanged();
    std::vector<double> dz(z.size());
    reference->average_pool_backward(c.window, c.stride, tensor(gradients, out), tensor(dz, c.x));
    auto wanted_gradient = dx.unchanged();
    for (std::size_t i = 0; i < dz.size(); ++i) wanted_gradient[i] += slope[i] * dz[i];
    cuda::average_pool_backward(c.window, c.stride, affine,
                                normalised ? x.view() : cuda::ConstView{}, dy.view(), dx.view(),
                                nullptr);
    check_close(dx.values(), wanted_gradient, 2 * unit_roundoff(element) + 1e-6);
  });
}

TEST_CASE("cuda: a pool that does not fit is refused") {
  if (!device_or_skip()) return;
  const DeviceActivation x(Element::kFloat, {1, 4, 4, 4}, noise(1, 64));
  const DeviceActivation y(Element::kFloat, {1, 4, 3, 3}, noise(1, 36));
  CHECK_THROWS_AS(cuda::average_pool_forward(2, 2, {}, x.view(), y.view(), nullptr), Error);
  CHECK_THROWS_AS(cuda::average_pool_backward(5, 1, {}, {}, y.view(), x.view(), nullptr), Error);
}
