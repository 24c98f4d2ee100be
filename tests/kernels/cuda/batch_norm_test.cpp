#include <doctest/doctest.h>

#include "kernels/cuda/operations.h"
#include "kernels/error.h"
#include "tests/kernels/cuda/support.h"
#include "tests/support/support.h"

using namespace odin;
using namespace odin::test;

namespace {

constexpr Element kElements[] = {Element::kFloat, Element::kHalf, Element::kBFloat16};

struct Case {
  Shape shape;
  Placement placement;
};
// More than one chunk of pixels and more than one group of channels; tails; the fewest pixels.
const Case kCases[] = {
    {{5, 35, 4, 7}, {8, 5}}, {{3, 12, 2, 2}, {5, 2}}, {{2, 1, 1, 1}, {0, 0}},
    {{2, 16, 3, 5}, {0, 0}}, {{1, 3, 29, 9}, {0, 0}}, {{70, 40, 2, 2}, {0, 0}},
};

constexpr double kEpsilon = 1e-5;
constexpr double kMomentum = 0.1;

// Values around 3, for which a variance from a difference of squares would lose digits.
std::vector<double> shifted(std::uint64_t seed, std::int64_t count) {
  auto values = noise(seed, count);
  for (double& v : values) v = 3 + 0.5 * v;
  return values;
}

struct Parameters {
  explicit Parameters(std::int64_t channels)
      : gamma(device_floats(noise(20, channels))),
        beta(device_floats(noise(21, channels))),
        running_mean(device_floats(noise(22, channels))),
        running_var(device_floats(shifted(23, channels))),
        mean(device_floats(noise(24, channels))),
        inv_std(device_floats(noise(25, channels))),
        dgamma(device_floats(noise(26, channels))),
        dbeta(device_floats(noise(27, channels))) {}

  cuda::BatchNormParameters pointers() { return {gamma.data(), beta.data()}; }
  cuda::BatchNormStatistics of_batch() { return {.mean = mean.data(), .inv_std = inv_std.data()}; }
  cuda::BatchNormStatistics running() {
    return {.mean = running_mean.data(),
            .variance = running_var.data(),
            .epsilon = static_cast<float>(kEpsilon)};
  }

  DeviceArray<float> gamma, beta, running_mean, running_var, mean, inv_std, dgamma, dbeta;
};

// The ReLU after a batch norm, which the reference computes as a separate pass: dy where y > 0.
void mask(std::vector<double>& dy, const std::vector<double>& y) {
  for (std::size_t i = 0; i < dy.size(); ++i) {
    if (!(y[i] > 0)) dy[i] = 0;
  }
}

// Sums over at most a few hundred values, then one rounding to the element type.
double tolerance(Element element) {
  return 4 * unit_roundoff(element) + 2e-6;
}

template <class Test>
void for_cases(Test test) {
  if (!device_or_skip()) return;
  for (const Element element : kElements) {
    for (const Case& c : cases_of(kCases, 1)) {
      for (const bool relu : {false, true}) {
        CAPTURE(name_of(element));
        CAPTURE(c.shape.to_string());
        CAPTURE(relu);
        const DeviceActivation x(element, c.shape, shifted(1, c.shape.numel()), c.placement);
        DeviceMemory workspace(cuda::batch_norm_workspace(c.shape[0] * c.shape[2] * c.shape[3],
                                                          static_cast<int>(c.shape[1])));
        Parameters parameters(c.shape[1]);
        test(element, c, relu, x, parameters, workspace.data());
      }
    }
  }
}

}  // namespace

TEST_CASE("cuda: batch norm in training") {
  const auto reference = make_reference_backend();
  for_cases([&](Element element, const Case& c, bool relu, const DeviceActivation& x, Parameters& p,
                void* workspace) {
    const Shape& shape = c.shape;
    const Shape per_channel{shape[1]};
    const auto& values = x.unchanged();
    const auto gamma = unchanged(p.gamma);
    const auto beta = unchanged(p.beta);
    auto running_mean = unchanged(p.running_mean);
    auto running_var = unchanged(p.running_var);
    std::vector<double> y(values.size());
    std::vector<double> mean(gamma.size());
    std::vector<double> inv_std(gamma.size());
    reference->batch_norm_forward_training(
        tensor(values, shape), tensor(gamma, per_channel), tensor(beta, per_channel), kEpsilon,
        kMomentum, false, tensor(running_mean, per_channel), tensor(running_var, per_channel),
        tensor(y, shape), tensor(mean, per_channel), tensor(inv_std, per_channel));

    DeviceActivation output(element, shape, noise(2, shape.numel()), c.placement);
    cuda::batch_norm_statistics(x.view(), kEpsilon, kMomentum, p.running_mean.data(),
                                p.running_var.data(), p.mean.data(), p.inv_std.data(), workspace,
                                nullptr);
    cuda::batch_norm(x.view(), p.pointers(), p.of_batch(), relu, output.view(), nullptr);
    const auto y_before_relu = y;
    if (relu) mask(y, y_before_relu);
    check_close(output.values(), y, tolerance(element));
    check_close(doubles(p.mean), mean, 1e-6);
    check_close(doubles(p.inv_std), inv_std, 4e-6);
    check_close(doubles(p.running_mean), running_mean, 1e-6);
    check_close(doubles(p.running_var), running_var, 1e-6);

    // Backward, with what the forward pass left on the device.
    const DeviceActivation dy(element, shape, noise(3, shape.numel()), c.placement);
    DeviceActivation dx(element, shape, noise(4, shape.numel()), c.placement);
    auto gradients = dy.unchanged();
    if (relu) mask(gradients, y_before_relu);
    auto wanted = dx.unchanged();
    auto dgamma = unchanged(p.dgamma);
    auto dbeta = unchanged(p.dbeta);
    const auto stored_mean = doubles(p.mean);
    const auto stored_inv_std = doubles(p.inv_std);
    reference->batch_norm_backward_training(
        tensor(values, shape), tensor(gradients, shape), tensor(gamma, per_channel),
        tensor(beta, per_channel), tensor(stored_mean, per_channel),
        tensor(stored_inv_std, per_channel), false, tensor(wanted, shape),
        tensor(dgamma, per_channel), tensor(dbeta, per_channel));
    cuda::batch_norm_gradient(x.view(), dy.view(), p.pointers(), p.of_batch(), relu, dx.view(),
                              p.dgamma.data(), p.dbeta.data(), workspace, nullptr);
    check_close(dx.values(), wanted, 2 * tolerance(element));
    check_close(doubles(p.dgamma), dgamma, 4e-6);
    check_close(doubles(p.dbeta), dbeta, 4e-6);

    // Some gradients are not wanted.
    DeviceActivation again(element, shape, noise(4, shape.numel()), c.placement);
    cuda::batch_norm_gradient(x.view(), dy.view(), p.pointers(), p.of_batch(), relu, again.view(),
                              nullptr, nullptr, workspace, nullptr);
    CHECK(again.values() == dx.values());
    const auto dgamma_before = doubles(p.dgamma);
    cuda::batch_norm_gradient(x.view(), dy.view(), p.pointers(), p.of_batch(), relu, {}, nullptr,
                              p.dbeta.data(), workspace, nullptr);
    CHECK(doubles(p.dgamma) == dgamma_before);
  });
}

TEST_CASE("cuda: batch norm in evaluation") {
  const auto reference = make_reference_backend();
  for_cases([&](Element element, const Case& c, bool relu, const DeviceActivation& x, Parameters& p,
                void* workspace) {
    const Shape& shape = c.shape;
    const Shape per_channel{shape[1]};
    const auto& values = x.unchanged();
    const auto gamma = unchanged(p.gamma);
    const auto beta = unchanged(p.beta);
    const auto running_mean = unchanged(p.running_mean);
    const auto running_var = unchanged(p.running_var);
    std::vector<double> y(values.size());
    reference->batch_norm_forward_evaluation(
        tensor(values, shape), tensor(gamma, per_channel), tensor(beta, per_channel),
        tensor(running_mean, per_channel), tensor(running_var, per_channel), kEpsilon,
        tensor(y, shape));
    DeviceActivation output(element, shape, noise(2, shape.numel()), c.placement);
    cuda::batch_norm(x.view(), p.pointers(), p.running(), relu, output.view(), nullptr);
    const auto y_before_relu = y;
    if (relu) mask(y, y_before_relu);
    check_close(output.values(), y, tolerance(element));

    const DeviceActivation dy(element, shape, noise(3, shape.numel()), c.placement);
    DeviceActivation dx(element, shape, noise(4, shape.numel()), c.placement);
    auto gradients = dy.unchanged();
    if (relu) mask(gradients, y_before_relu);
    auto wanted = dx.unchanged();
    auto dgamma = unchanged(p.dgamma);
    auto dbeta = unchanged(p.dbeta);
    reference->batch_norm_backward_evaluation(
        tensor(values, shape), tensor(gradients, shape), tensor(gamma, per_channel),
        tensor(running_mean, per_channel), tensor(running_var, per_channel), kEpsilon,
        tensor(wanted, shape), tensor(dgamma, per_channel), tensor(dbeta, per_channel));
    cuda::batch_norm_gradient(x.view(), dy.view(), p.pointers(), p.running(), relu, dx.view(),
                              p.dgamma.data(), p.dbeta.data(), workspace, nullptr);
    check_close(dx.values(), wanted, tolerance(element));
    check_close(doubles(p.dgamma), dgamma, 4e-6);
    check_close(doubles(p.dbeta), dbeta, 4e-6);
  });
}

TEST_CASE("cuda: batch norm of no images does nothing, of a single value in training is refused") {
  if (!device_or_skip()) return;
  Parameters p(4);
  const DeviceActivation none(Element::kFloat, {0, 4, 2, 2}, {});
  const DeviceActivation one(Element::kFloat, {1, 4, 1, 1}, noise(1, 4));
  const auto before = unchanged(p.running_mean);
  const auto run = [&](const DeviceActivation& x) {
    cuda::batch_norm_statistics(x.view(), kEpsilon, kMomentum, p.running_mean.data(),
                                p.running_var.data(), p.mean.data(), p.inv_std.data(), nullptr,
                                nullptr);
    cuda::batch_norm(x.view(), p.pointers(), p.of_batch(), false, x.view(), nullptr);
  };
  run(none);
  CHECK(doubles(p.running_mean) == before);
  CHECK_THROWS_AS(run(one), Error);
}
