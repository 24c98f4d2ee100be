#include <doctest/doctest.h>

#include "kernels/cuda/operations.h"
#include "kernels/error.h"
#include "tests/kernels/cuda/support.h"
#include "tests/support/support.h"

using namespace odin;
using namespace odin::test;

namespace {

struct Case {
  std::int64_t images, inputs, outputs;
  Placement placement;
};
const Case kCases[] = {{3, 64, 10, {0, 0}},
                       {9, 37, 5, {3, 1}},
                       {1, 1, 1, {0, 0}},
                       {130, 24, 3, {8, 0}},
                       {0, 8, 2, {0, 0}}};

constexpr Element kElements[] = {Element::kFloat, Element::kHalf, Element::kBFloat16};

}  // namespace

TEST_CASE("cuda: linear, forward and backward") {
  if (!device_or_skip()) return;
  const auto reference = make_reference_backend();
  for (const Element element : kElements) {
    for (const Case& c : cases_of(kCases, 2)) {
      CAPTURE(name_of(element));
      CAPTURE(c.images);
      CAPTURE(c.inputs);
      const Shape x_shape{c.images, c.inputs, 1, 1};
      const Shape y_shape{c.images, c.outputs, 1, 1};
      const Shape x_matrix{c.images, c.inputs};
      const Shape y_matrix{c.images, c.outputs};
      const Shape w_shape{c.outputs, c.inputs};
      const DeviceActivation x(element, x_shape, noise(1, x_shape.numel()), c.placement);
      const DeviceActivation y(Element::kFloat, y_shape, noise(2, y_shape.numel()), c.placement);
      auto w = device_floats(noise(3, c.outputs * c.inputs));
      auto b = device_floats(noise(4, c.outputs));
      const auto& xs = x.unchanged();
      const auto ws = unchanged(w);
      const auto bs = unchanged(b);
      std::vector<double> wanted(static_cast<std::size_t>(y_shape.numel()));
      reference->linear_forward(tensor(xs, x_matrix), tensor(ws, w_shape), tensor(bs, {c.outputs}),
                                tensor(wanted, y_matrix));
      cuda::linear_forward(x.view(), w.data(), b.data(), y.view(), nullptr);
      check_close(y.values(), wanted, 1e-6);  // float sums of a hundred products at most

      const DeviceActivation dy(Element::kFloat, y_shape, noise(5, y_shape.numel()), c.placement);
      const DeviceActivation dx(element, x_shape, noise(6, x_shape.numel()), c.placement);
      auto dw = device_floats(noise(7, c.outputs * c.inputs));
      auto db = device_floats(noise(8, c.outputs));
      const auto& gradients = dy.unchanged();
      auto wanted_dx = dx.unchanged();
      auto wanted_dw = unchanged(dw);
      auto wanted_db = unchanged(db);
      reference->linear_backward(tensor(xs, x_matrix), tensor(ws, w_shape),
                                 tensor(gradients, y_matrix), tensor(wanted_dx, x_matrix),
                                 tensor(wanted_dw, w_shape), tensor(wanted_db, {c.outputs}));
      cuda::linear_backward_data(dy.view(), w.data(), dx.view(), nullptr);
      check_close(dx.values(), wanted_dx, 2 * unit_roundoff(element) + 1e-6);
      if (element == Element::kFloat) {
        cuda::linear_backward_weights(x.view(), dy.view(), dw.data(), nullptr, nullptr);
        cuda::linear_backward_weights(x.view(), dy.view(), nullptr, db.data(), nullptr);
        check_close(doubles(dw), wanted_dw, 1e-6);
        check_close(doubles(db), wanted_db, 1e-6);
      }
    }
  }
}

TEST_CASE("cuda: a linear layer may have more outputs than a grid has rows of blocks") {
  if (!device_or_skip()) return;
  constexpr std::int64_t kOutputs = 65536;
  const DeviceActivation x(Element::kFloat, {1, 1, 1, 1}, std::vector<double>{1});
  const DeviceActivation dy(Element::kFloat, {1, kOutputs, 1, 1}, noise(1, kOutputs));
  auto dw = device_floats(std::vector<double>(kOutputs));
  auto db = device_floats(std::vector<double>(kOutputs));
  cuda::linear_backward_weights(x.view(), dy.view(), dw.data(), db.data(), nullptr);
  CHECK(doubles(dw) == dy.unchanged());
  CHECK(doubles(db) == dy.unchanged());
}

TEST_CASE("cuda: linear without a bias is linear with a bias of zero") {
  if (!device_or_skip()) return;
  for (const Element element : kElements) {
    const Shape x_shape{5, 37, 1, 1};
    const Shape y_shape{5, 3, 1, 1};
    const DeviceActivation x(element, x_shape, noise(1, x_shape.numel()), {8, 3});
    const DeviceActivation y(Element::kFloat, y_shape, noise(2, y_shape.numel()));
    const DeviceActivation wanted(Element::kFloat, y_shape, noise(3, y_shape.numel()));
    auto w = device_floats(noise(4, 3 * 37));
    auto zero = device_floats(std::vector<double>(3));
    cuda::linear_forward(x.view(), w.data(), nullptr, y.view(), nullptr);
    cuda::linear_forward(x.view(), w.data(), zero.data(), wanted.view(), nullptr);
    CHECK(y.values() == wanted.values());
  }
}
