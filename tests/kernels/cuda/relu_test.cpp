#include <algorithm>

#include <doctest/doctest.h>

#include "kernels/cuda/operations.h"
#include "tests/kernels/cuda/elementwise_cases.h"

using namespace odin;
using namespace odin::test;

TEST_CASE("cuda: ReLU keeps what is positive, and passes gradients only there") {
  for_cases([](Element element, const Shape&, Placement, auto fresh) {
    const auto x = fresh(1);
    auto y = fresh(2);
    cuda::relu_forward(x.view(), y.view(), nullptr);
    const auto relu = [](double u, double) { return std::max(u, 0.0); };
    CHECK(y.values() == combine(x.unchanged(), x.unchanged(), relu));

    const auto dy = fresh(3);
    auto dx = fresh(4);
    auto wanted =
        combine(y.values(), dy.unchanged(), [](double u, double d) { return u > 0 ? d : 0; });
    wanted = combine(wanted, dx.unchanged(), [](double u, double v) { return u + v; });
    cuda::relu_backward(y.view(), dy.view(), dx.view(), nullptr);
    check_close(dx.values(), wanted, tolerance(element));
  });
}
