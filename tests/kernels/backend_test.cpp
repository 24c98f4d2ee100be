// Every operation of every back end, compared with the reference on whole tensors.
#include <cmath>

#include <doctest/doctest.h>

#include "tests/kernels/backends.h"
#include "tests/kernels/contract_checks.h"
#include "tests/support/support.h"

namespace odin::test {
namespace {

Tensors results_of(Backend& backend, const Operation& operation, const RunOptions& options = {}) {
  Run run(backend, operation, options);
  Tensors results = results_of(backend, operation, run);
  CHECK(run.surroundings_untouched());
  return results;
}

std::vector<Operation> all_operations() {
  std::vector<Operation> rows = large_operations();
  for (const std::int64_t images : {5, 1, 2}) {
    if (few_cases() && images != 5) continue;
    for (Operation& operation : operations(images)) rows.push_back(std::move(operation));
  }
  return rows;
}

template <class Device>
void check_against_reference(bool sliced) {
  const std::unique_ptr<Backend> reference = make_reference_backend();
  on_device<Device>([&](Backend& backend) {
    for (const Operation& operation : all_operations()) {
      INFO(operation.name);
      const Tensors expected = results_of(*reference, operation);
      const Tensors results = results_of(backend, operation, {.sliced = sliced, .unwanted = {}});
      for (const auto& [name, values] : expected) {
        INFO(name);
        const double error = relative_error(std::span<const double>(results.at(name)),
                                            std::span<const double>(values));
        CHECK(error <= Device::kTolerance);
      }
    }
  });
}

TEST_CASE_TEMPLATE("every back end computes what the reference defines, from dense tensors", Device,
                   ODIN_DEVICES) {
  if (few_cases())
    return;  // slices, and dense tensors where a gradient is not wanted, show as much
  check_against_reference<Device>(false);
}

TEST_CASE_TEMPLATE(
    "every back end computes what the reference defines, from slices, and writes nothing around "
    "them",
    Device, ODIN_DEVICES) {
  check_against_reference<Device>(true);
}

TEST_CASE_TEMPLATE("the results do not depend on whether the operands are slices", Device,
                   ODIN_DEVICES) {
  if (few_cases()) return;
  on_device<Device>([](Backend& backend) {
    for (const Operation& operation : operations(3)) {
      INFO(operation.name);
      const Tensors sliced = results_of(backend, operation, {.sliced = true, .unwanted = {}});
      const Tensors dense = results_of(backend, operation);
      if (Device::kSlicesExact) {
        CHECK(sliced == dense);
        continue;
      }
      for (const auto& [name, values] : dense) {
        INFO(name);
        CHECK(relative_error(std::span<const double>(sliced.at(name)),
                             std::span<const double>(values)) <= Device::kTolerance);
      }
    }
  });
}

TEST_CASE_TEMPLATE("a gradient that is not wanted is not computed, and the others stay the same",
                   Device, ODIN_DEVICES) {
  on_device<Device>(
      [](Backend& backend) { check_unwanted_gradients(backend, Device::kTolerance); });
}

TEST_CASE_TEMPLATE("an empty batch changes nothing, and is an error for batch statistics", Device,
                   ODIN_DEVICES) {
  on_device<Device>([](Backend& backend) { check_no_images(backend); });
}

TEST_CASE_TEMPLATE("a single value that is not finite is found, wherever it is", Device,
                   ODIN_DEVICES) {
  on_device<Device>([](Backend& backend) {
    constexpr std::int64_t kCount = 13;
    const auto memory = backend.allocate(kCount * sizeof(double));
    const TensorView x(memory.get(), backend.data_type(), {kCount}, row_major_strides({kCount}));
    for (const double value : {HUGE_VAL, -HUGE_VAL, std::nan(""), 3e38}) {
      for (std::size_t place = 0; place < kCount; place += few_cases() ? kCount - 1 : 1) {
        std::vector<double> values(kCount, -1.5);
        values[place] = value;
        backend.upload(values.data(), x);
        const auto flag = backend.allocate(sizeof(std::int32_t));
        const TensorView found(flag.get(), DataType::kInt32, {1}, row_major_strides({1}));
        const double before = 0;
        backend.upload(&before, found);
        backend.find_not_finite(x, found);
        double after = 0;
        backend.download(found, &after);
        CHECK(after == (std::isfinite(value) ? before : 1));
      }
    }
  });
}

// Otherwise a network that has diverged would continue as if its features were zero.
TEST_CASE_TEMPLATE("NaN passes through every ReLU", Device, ODIN_DEVICES) {
  on_device<Device>([](Backend& backend) {
    const Shape shape{2, 8, 3, 3};
    const Shape channels{8};
    const auto tensor = [&](const Shape& s, const Strides& strides, double value) {
      auto memory = backend.allocate(static_cast<std::size_t>(s.numel()) * sizeof(double));
      const TensorView view(memory.get(), backend.data_type(), s, strides);
      backend.fill(view, value);
      return std::pair(std::move(memory), view);
    };
    const auto activation = [&] { return tensor(shape, backend.activation_strides(shape), 0); };
    const auto statistic = [&](double v) {
      return tensor(channels, row_major_strides(channels), v);
    };
    const auto x = activation();
    const auto y = activation();
    std::vector<double> values(static_cast<std::size_t>(shape.numel()));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i % 5) - 2;
    constexpr std::size_t kPlace = 3 * 9 + 4;  // of image 0, channel 3
    values[kPlace] = std::nan("");
    backend.upload(values.data(), x.second);
    std::vector<double> results(values.size());

    backend.relu_forward(x.second, y.second);
    backend.download(y.second, results.data());
    for (std::size_t i = 0; i < values.size(); ++i) CHECK(std::isnan(results[i]) == (i == kPlace));

    const auto gamma = statistic(1);
    const auto beta = statistic(0);
    const auto mean = statistic(0);
    const auto variance = statistic(1);
    const auto batch_mean = statistic(0);
    const auto inv_std = statistic(0);
    backend.batch_norm_forward_training(x.second, gamma.second, beta.second, 1e-5, 0.1, true,
                                        mean.second, variance.second, y.second, batch_mean.second,
                                        inv_std.second);
    backend.download(y.second, results.data());
    for (std::size_t i = 0; i < values.size(); ++i)
      CHECK(std::isnan(results[i]) == (i / 9 % 8 == 3));
  });
}

TEST_CASE("the results do not depend, bit for bit, on the number of threads") {
  const std::unique_ptr<Backend> one = make_cpu_backend(1);
  for (const int threads : {2, 3}) {
    const std::unique_ptr<Backend> more = make_cpu_backend(threads);
    for (const Operation& operation : all_operations()) {
      INFO(operation.name);
      CHECK(results_of(*one, operation) == results_of(*more, operation));
    }
  }
}

TEST_CASE_TEMPLATE("a second call gives the same results as the first", Device, ODIN_DEVICES) {
  if (few_cases()) return;
  on_device<Device>([](Backend& backend) {
    // The operations in between use the same scratch memory.
    std::vector<Tensors> first;
    for (const Operation& operation : all_operations()) {
      first.push_back(results_of(backend, operation));
    }
    std::size_t i = 0;
    for (const Operation& operation : all_operations()) {
      INFO(operation.name);
      CHECK(results_of(backend, operation) == first[i++]);
    }
  });
}

}  // namespace
}  // namespace odin::test
