#include <doctest/doctest.h>

#include "kernels/cuda/operations.h"
#include "tests/kernels/cuda/elementwise_cases.h"

using namespace odin;
using namespace odin::test;

TEST_CASE("cuda: between NCHW and NHWC") {
  for_cases([](Element element, const Shape& shape, Placement placement, auto fresh) {
    const auto values = noise(7, shape.numel());
    auto host_like = device_floats(values);
    auto y = fresh(1);
    cuda::from_nchw(host_like.data(), y.view(), nullptr);
    const DeviceActivation wanted(element, shape, values, placement);
    CHECK(y.values() == wanted.unchanged());

    auto back = device_floats(noise(8, shape.numel()));
    cuda::to_nchw(y.view(), back.data(), nullptr);
    CHECK(doubles(back) == wanted.unchanged());
  });
}
