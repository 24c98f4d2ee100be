#include <doctest/doctest.h>

#include "kernels/cuda/operations.h"
#include "tests/kernels/cuda/elementwise_cases.h"

using namespace odin;
using namespace odin::test;

TEST_CASE("cuda: ODIN's perturbation") {
  for_cases([](Element, const Shape& shape, Placement placement, auto) {
    auto gradients = noise(2, shape.numel());
    for (std::size_t i = 0; i < gradients.size(); i += 3) gradients[i] = 0;  // counts as positive
    const DeviceActivation x(Element::kFloat, shape, noise(1, shape.numel()), placement);
    for (const Element element : kElements) {
      const DeviceActivation g(element, shape, gradients, placement);
      auto step = device_floats(noise(3, shape[1]));
      DeviceActivation y(Element::kFloat, shape, noise(4, shape.numel()), placement);
      cuda::perturb(x.view(), g.view(), step.data(), y.view(), nullptr);
      const auto& values = x.unchanged();
      const auto steps = unchanged(step);
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
