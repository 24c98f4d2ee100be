// The operands that the tests of all elementwise kernels run on.
#pragma once

#include <vector>

#include <doctest/doctest.h>

#include "tests/kernels/cuda/support.h"
#include "tests/support/support.h"

namespace odin::test {

inline constexpr Element kElements[] = {Element::kFloat, Element::kHalf, Element::kBFloat16};

struct ElementwiseCase {
  Shape shape;
  Placement placement;
};
// Dense and aligned; a vector's tail; a slice that no vector fits; single elements; no images.
inline const ElementwiseCase kElementwiseCases[] = {
    {{2, 16, 3, 5}, {0, 0}},  {{2, 13, 2, 2}, {8, 3}}, {{3, 12, 1, 3}, {5, 2}},
    {{1, 1, 1, 1}, {0, 0}},   {{1, 3, 4, 4}, {0, 0}},  {{0, 8, 2, 2}, {0, 0}},
    {{1, 300, 9, 1}, {0, 4}},
};

// Calls test(element, shape, placement, fresh) where fresh(seed) makes an operand of that shape.
template <class Test>
void for_cases(Test test) {
  if (!device_or_skip()) return;
  for (const Element element : kElements) {
    for (const ElementwiseCase& c : cases_of(kElementwiseCases, 2)) {
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
inline double tolerance(Element element) {
  return 2 * unit_roundoff(element) + 0x1p-22;
}

template <class F>
std::vector<double> combine(const std::vector<double>& a, const std::vector<double>& b, F f) {
  std::vector<double> result(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) result[i] = f(a[i], b[i]);
  return result;
}

}  // namespace odin::test
