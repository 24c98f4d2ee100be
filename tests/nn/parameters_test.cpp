#include "nn/parameters.h"

#include <cmath>

#include <doctest/doctest.h>

using namespace odin;

TEST_CASE("initial parameters have the deviations of He et al. and depend on the seed alone") {
  const Architecture architecture = DenseNetConfig{};
  const ParameterMap a = initial_parameters(architecture, 1);
  const ParameterMap b = initial_parameters(architecture, 1);
  const ParameterMap c = initial_parameters(architecture, 2);

  const std::vector<float>& w = a.at("block1.layer.15.conv1.weight").values;  // 48 x 204, 1x1
  double sum = 0;
  double squares = 0;
  for (float v : w) {
    sum += v;
    squares += double{v} * v;
  }
  const auto n = static_cast<double>(w.size());
  const double deviation = std::sqrt(2.0 / 48);
  // Four standard errors of the mean and of the deviation.
  CHECK(std::abs(sum / n) < 4 * deviation / std::sqrt(n));
  CHECK(std::sqrt(squares / n) == doctest::Approx(deviation).epsilon(4 / std::sqrt(2 * n)));

  CHECK(w == b.at("block1.layer.15.conv1.weight").values);
  CHECK(w != c.at("block1.layer.15.conv1.weight").values);
  for (float v : a.at("bn1.weight").values) CHECK(v == 1.0f);
  for (float v : a.at("bn1.running_var").values) CHECK(v == 1.0f);
  for (float v : a.at("bn1.bias").values) CHECK(v == 0.0f);
  for (float v : a.at("fc.weight").values) CHECK(std::abs(v) <= 1 / std::sqrt(342.0f));
}
