#include <cmath>

#include <doctest/doctest.h>

#include "kernels/backend.h"
#include "kernels/cuda/operations.h"
#include "tests/kernels/cuda/elementwise_cases.h"

using namespace odin;
using namespace odin::test;

namespace {

constexpr std::int64_t kCounts[] = {1030, 7, 1, 0};

}  // namespace

TEST_CASE("cuda: values that are not finite are found, wherever they are") {
  if (!device_or_skip()) return;
  for (const std::int64_t count : cases_of(kCounts, 1)) {
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
  for (const std::int64_t count : cases_of(kCounts, 1)) {
    for (const bool nesterov : {false, true}) {
      const SgdSetting setting{0.1, 0.9, 5e-4, nesterov, nesterov ? 8.0 : 1.0};
      auto w = device_floats(noise(1, count));
      auto velocity = device_floats(std::vector<double>(static_cast<std::size_t>(count)));
      std::vector<double> wanted = unchanged(w);
      std::vector<double> v(wanted.size());
      for (std::uint64_t step = 0; step < 2; ++step) {
        auto gradient = device_floats(noise(2 + step, count));
        const auto g = unchanged(gradient);
        for (std::size_t i = 0; i < wanted.size(); ++i) {
          const double d = g[i] / setting.loss_scale + setting.weight_decay * wanted[i];
          v[i] = setting.momentum * v[i] + d;
          wanted[i] -= setting.learning_rate * (nesterov ? d + setting.momentum * v[i] : v[i]);
        }
        cuda::sgd_step(setting, w.data(), gradient.data(), velocity.data(), count, nullptr);
      }
      check_close(doubles(w), wanted, 0x1p-21);  // a few roundings in float
      check_close(doubles(velocity), v, 0x1p-21);
    }
  }
}
