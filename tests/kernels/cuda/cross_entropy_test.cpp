#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include "kernels/cuda/operations.h"
#include "kernels/error.h"
#include "tests/kernels/cuda/support.h"

using namespace odin;
using namespace odin::test;

namespace {

struct Case {
  Shape shape;  // (N, K, 1, 1)
  Placement placement;
};
const Case kCases[] = {
    {{7, 10, 1, 1}, {0, 0}}, {{9, 100, 1, 1}, {0, 4}}, {{1, 1, 1, 1}, {0, 0}},
    {{3, 33, 1, 1}, {1, 0}}, {{0, 10, 1, 1}, {0, 0}},
};

std::vector<double> logits_for(const Shape& shape) {
  auto values = noise(1, shape.numel());
  for (double& v : values) v *= 20;
  return values;
}

std::vector<std::int32_t> labels_for(const Shape& shape) {
  std::vector<std::int32_t> labels(static_cast<std::size_t>(shape[0]));
  for (std::size_t n = 0; n < labels.size(); ++n) {
    labels[n] = static_cast<std::int32_t>((3 * n + 1) % static_cast<std::size_t>(shape[1]));
  }
  return labels;
}

template <class Test>
void for_cases(Test test) {
  if (!device_or_skip()) return;
  for (const Case& c : kCases) {
    for (const double temperature : {1.0, 1000.0}) {
      CAPTURE(c.shape.to_string());
      CAPTURE(temperature);
      test(c, temperature,
           DeviceActivation(Element::kFloat, c.shape, logits_for(c.shape), c.placement));
    }
  }
}

}  // namespace

TEST_CASE("cuda: cross entropy, forward and backward") {
  const auto reference = make_reference_backend();
  for_cases([&](const Case& c, double temperature, const DeviceActivation& logits) {
    const Shape matrix{c.shape[0], c.shape[1]};
    const Shape column{c.shape[0]};
    const auto& values = logits.unchanged();
    const auto labels = labels_for(c.shape);
    DeviceArray<std::int32_t> device_labels(labels);
    std::vector<double> wanted(labels.size());
    reference->cross_entropy_forward(tensor(values, matrix), ConstTensorView(labels.data(), column),
                                     temperature, tensor(wanted, column));
    auto loss = device_floats(wanted);
    cuda::cross_entropy_forward(logits.view(), device_labels.data(), temperature, loss.data(),
                                nullptr);
    check_close(doubles(loss), wanted, 0x1p-23);  // computed in double, stored in float

    const DeviceActivation dlogits(Element::kFloat, c.shape, noise(3, c.shape.numel()),
                                   c.placement);
    auto gradient = dlogits.unchanged();
    reference->cross_entropy_backward(tensor(values, matrix),
                                      ConstTensorView(labels.data(), column), temperature, 0.5,
                                      tensor(gradient, matrix));
    cuda::cross_entropy_backward(logits.view(), device_labels.data(), temperature, 0.5,
                                 dlogits.view(), nullptr);
    check_close(dlogits.values(), gradient, 0x1p-23);
  });
}

TEST_CASE("cuda: argmax, and the gradient of every objective") {
  const auto reference = make_reference_backend();
  for_cases([&](const Case& c, double temperature, const DeviceActivation& logits) {
    const Shape matrix{c.shape[0], c.shape[1]};
    const Shape column{c.shape[0]};
    const auto& values = logits.unchanged();
    std::vector<std::int32_t> labels(static_cast<std::size_t>(c.shape[0]));
    reference->argmax(tensor(values, matrix), TensorView(labels.data(), column));
    DeviceArray<std::int32_t> found(std::vector<std::int32_t>(labels.size(), -1));
    cuda::argmax(logits.view(), found.data(), nullptr);
    CHECK(found.values() == labels);

    constexpr double kScale = 64;
    std::vector<double> cross_entropy(values.size());
    reference->cross_entropy_backward(tensor(values, matrix),
                                      ConstTensorView(labels.data(), column), temperature, 1,
                                      tensor(cross_entropy, matrix));
    const auto columns = static_cast<std::size_t>(c.shape[1]);
    for (const auto objective :
         {OdinObjective::kCrossEntropy, OdinObjective::kEnergy, OdinObjective::kMaxLogit}) {
      CAPTURE(static_cast<int>(objective));
      std::vector<double> gradient(values.size());
      for (std::size_t i = 0; i < values.size(); ++i) {
        const bool at_label = static_cast<std::int32_t>(i % columns) == labels[i / columns];
        const double softmax = temperature * cross_entropy[i] + (at_label ? 1 : 0);
        gradient[i] = objective == OdinObjective::kCrossEntropy ? cross_entropy[i]
                      : objective == OdinObjective::kEnergy     ? -softmax
                                                                : (at_label ? -1 : 0);
      }
      // Scales every row by its largest magnitude, which is the label's. The cross entropy of one
      // class has no gradient.
      for (std::size_t n = 0; n < labels.size(); ++n) {
        const double largest =
            std::abs(gradient[n * columns + static_cast<std::size_t>(labels[n])]);
        for (std::size_t k = 0; k < columns && largest > 0; ++k) {
          gradient[n * columns + k] *= kScale / largest;
        }
      }
      const DeviceActivation dlogits(Element::kFloat, c.shape, noise(3, c.shape.numel()),
                                     c.placement);
      cuda::objective_gradient(logits.view(), objective, temperature, kScale, dlogits.view(),
                               nullptr);
      check_close(dlogits.values(), gradient, 0x1p-22);
    }
  });
}

TEST_CASE("cuda: argmax takes the first of equals, and an index in the row even if all is NaN") {
  if (!device_or_skip()) return;
  const Shape shape{4, 70, 1, 1};
  std::vector<double> values(280, 1.0);
  values[70 + 65] = values[70 + 33] = 2;             // row 1: the first of two
  std::fill_n(values.begin() + 140, 70, -INFINITY);  // row 2
  std::fill_n(values.begin() + 210, 70, NAN);        // row 3
  const DeviceActivation logits(Element::kFloat, shape, values);
  DeviceArray<std::int32_t> labels(std::vector<std::int32_t>(4, -1));
  cuda::argmax(logits.view(), labels.data(), nullptr);
  CHECK(labels.values() == std::vector<std::int32_t>{0, 33, 0, 0});
}

TEST_CASE("cuda: a temperature that is not positive is refused") {
  if (!device_or_skip()) return;
  const DeviceActivation logits(Element::kFloat, {1, 2, 1, 1}, noise(1, 2));
  DeviceArray<std::int32_t> labels(std::vector<std::int32_t>{0});
  auto loss = device_floats(std::vector<double>{0});
  CHECK_THROWS_AS(
      cuda::cross_entropy_forward(logits.view(), labels.data(), 0, loss.data(), nullptr), Error);
  CHECK_THROWS_AS(
      cuda::cross_entropy_backward(logits.view(), labels.data(), 0, 1, logits.view(), nullptr),
      Error);
  CHECK_THROWS_AS(cuda::objective_gradient(logits.view(), OdinObjective::kMaxLogit, -1, 1,
                                           logits.view(), nullptr),
                  Error);
}

TEST_CASE("cuda: the gradient of a confident network keeps its size") {
  if (!device_or_skip()) return;
  const DeviceActivation logits(Element::kFloat, {1, 3, 1, 1}, std::vector<double>{100, 0, -1});
  const DeviceActivation dlogits(Element::kFloat, {1, 3, 1, 1}, std::vector<double>{7, 7, 7});
  cuda::objective_gradient(logits.view(), OdinObjective::kCrossEntropy, 1, 64, dlogits.view(),
                           nullptr);
  const double e = std::exp(-1.0);
  const std::vector<double> expected{-64, 64 / (1 + e), 64 * e / (1 + e)};
  check_close(dlogits.values(), expected, 0x1p-22);  // computed in double, stored as float
}
