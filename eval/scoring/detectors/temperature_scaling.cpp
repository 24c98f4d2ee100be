// Temperature scaling: the logarithm of the maximum softmax probability, at the temperature T that
// makes the network's probabilities fit,
//
//   S = log max_i exp(f_i / T) / sum_j exp(f_j / T)
//
// where T minimises the cross entropy of the training images' classes. Guo, Pleiss, Sun &
// Weinberger, "On calibration of modern neural networks", ICML 2017, section 4.2, equation 9. They
// fit on images that the network was not trained on: on images that it knows by heart T becomes
// small, and most probabilities would be rounded to 1, which their logarithms are not. T is between
// 0.1 and 100, because no T is small enough for images that are all recognised. Fit: `temperature`
// (1).
#include <algorithm>
#include <cmath>

#include "eval/scoring/detectors/logit_rows.h"
#include "eval/scoring/detectors/registry.h"
#include "eval/scoring/detectors/training_checks.h"

namespace odin {
namespace {

constexpr double kColdest = 0.1;
constexpr double kHottest = 100;

// Derivatives of the cross entropy, in b = 1 / T, of one image or a sum of images.
struct Derivatives {
  double first = 0;   // E_p[f] - f_label
  double second = 0;  // Var_p[f]: at least 0, so that there is one minimum
};

Derivatives derivatives(const NetworkOutputs& outputs, std::span<const std::int32_t> labels,
                        double inverse) {
  const auto classes = static_cast<std::size_t>(outputs.classes);
  Derivatives sum;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto row = outputs.logits.subspan(i * classes, classes);
    const double largest = *std::ranges::max_element(row);
    double powers = 0;
    double first = 0;
    double second = 0;
    for (const float logit : row) {
      const double below = logit - largest;
      const double power = std::exp(below * inverse);
      powers += power;
      first += power * below;
      second += power * below * below;
    }
    const double mean = first / powers;
    const double label = row[static_cast<std::size_t>(labels[i])] - largest;
    sum.first += mean - label;
    sum.second += second / powers - mean * mean;
  }
  return sum;
}

// Newton's method, which stays between the bounds of the minimum that it knows.
double best_temperature(const NetworkOutputs& outputs, std::span<const std::int32_t> labels) {
  double low = 1 / kHottest;
  double high = 1 / kColdest;
  if (derivatives(outputs, labels, low).first >= 0) return kHottest;
  if (derivatives(outputs, labels, high).first <= 0) return kColdest;
  double inverse = 1;
  for (int step = 0; step < 100; ++step) {
    const auto [first, second] = derivatives(outputs, labels, inverse);
    (first > 0 ? high : low) = inverse;
    double next = inverse - first / second;
    if (!(next > low && next < high)) next = (low + high) / 2;
    const bool done = std::abs(next - inverse) <= 1e-15 * inverse;
    inverse = next;
    if (done) break;
  }
  return 1 / inverse;
}

DetectorFit fit(const TrainingOutputs& training) {
  const auto labels = require_labels(training);
  return {.numbers = {{"temperature", {best_temperature(training.outputs, labels)}}}};
}

void score(const NetworkOutputs& outputs, std::span<double> scores) {
  const double temperature = fitted_numbers(outputs.fit, "temperature", 1)[0];
  require_temperature(temperature);
  score_logit_rows(
      outputs.logits, outputs.classes, scores, [&](std::span<const float> row, double largest) {
        const std::size_t place = place_of_largest(row, largest);
        const double others = sum_of_exponentials(row.first(place), largest, temperature) +
                              sum_of_exponentials(row.subspan(place + 1), largest, temperature);
        return -std::log1p(others);
      });
}

}  // namespace

constexpr Detector detectors::kTemperatureScaling{
    .name = "temperature_scaling",
    .title = "Temperature scaling",
    .heading = "Temp. scaling",
    .score_file = "TemperatureScaling",
    .paper = "Guo, Pleiss, Sun & Weinberger, ICML 2017, arXiv:1706.04599",
    .score = score,
    .fit = fit,
};

}  // namespace odin
