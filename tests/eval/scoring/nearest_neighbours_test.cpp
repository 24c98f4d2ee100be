// The search for nearest neighbours in banks of many blocks, against all distances in double.
#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include <doctest/doctest.h>

#include "eval/scoring/detectors/registry.h"
#include "kernels/error.h"
#include "kernels/thread_pool.h"

using namespace odin;

namespace {

// Features of images in some tight clusters, as a network gives them.
std::vector<float> clustered(std::size_t images, std::size_t width, float spread, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::mt19937 of_centers(1);
  std::vector<float> centers(5 * width);
  for (float& value : centers) value = std::abs(normal(of_centers));
  std::vector<float> features;
  for (std::size_t i = 0; i < images; ++i) {
    for (std::size_t k = 0; k < width; ++k) {
      features.push_back(std::max(0.0F, centers[i % 5 * width + k] + spread * normal(random)));
    }
  }
  return features;
}

std::vector<double> normalised(std::span<const float> row) {
  double squares = 0;
  for (const float value : row) squares += static_cast<double>(value) * value;
  std::vector<double> unit;
  for (const float value : row) unit.push_back(value / (std::sqrt(squares) + 1e-10));
  return unit;
}

struct Bank {
  std::size_t width;
  std::vector<float> features;
  std::vector<float> logits, weights, bias;
  DetectorFit fit{};
  std::vector<double> options{};

  Bank(std::vector<float> training, std::size_t features_each)
      : width(features_each), features(std::move(training)) {
    for (std::size_t i = 0; i < rows(); ++i) {
      logits.push_back(static_cast<float>(i % 7));
      logits.push_back(2);
    }
    weights.assign(2 * width, 0.5F);
    bias.assign(2, 0);
  }
  std::size_t rows() const { return features.size() / width; }
  std::span<const float> row(std::size_t i) const {
    return std::span(features).subspan(i * width, width);
  }
  NetworkOutputs fitted(const Detector& detector) {
    options = option_values(detector);
    NetworkOutputs outputs{.classes = 2,
                           .logits = logits,
                           .feature_count = static_cast<int>(width),
                           .features = features,
                           .weights = weights,
                           .bias = bias,
                           .options = options};
    fit = detector.fit({.outputs = outputs});
    outputs.fit = &fit;
    return outputs;
  }
};

// -|z - z_(k)| for every query, by sorting all distances.
std::vector<double> sorted_distances(const Bank& bank, std::span<const float> queries,
                                     std::size_t k) {
  std::vector<std::vector<double>> rows;
  for (std::size_t i = 0; i < bank.rows(); ++i) rows.push_back(normalised(bank.row(i)));
  std::vector<double> scores;
  for (std::size_t begin = 0; begin < queries.size(); begin += bank.width) {
    const std::vector<double> query = normalised(queries.subspan(begin, bank.width));
    std::vector<double> squares;
    for (const std::vector<double>& other : rows) {
      double square = 0;
      for (std::size_t j = 0; j < bank.width; ++j) {
        square += (query[j] - other[j]) * (query[j] - other[j]);
      }
      squares.push_back(square);
    }
    std::ranges::sort(squares);
    scores.push_back(-std::sqrt(squares[k - 1]));
  }
  return scores;
}

std::vector<double> scores_of(const Detector& detector, NetworkOutputs outputs,
                              std::span<const float> queries, std::span<const float> logits) {
  outputs.features = queries;
  outputs.logits = logits;
  std::vector<double> scores(queries.size() / static_cast<std::size_t>(outputs.feature_count));
  detector.score(outputs, scores);
  return scores;
}

}  // namespace

TEST_CASE("k nearest neighbours in banks of several blocks are those of a full search") {
  // A spread of 1e-4 leaves thousands of rows within the error of float products.
  for (const float spread : {0.5F, 1e-2F, 1e-4F}) {
    CAPTURE(spread);
    Bank bank(clustered(5000, 33, spread, 2), 33);
    std::vector<float> queries = clustered(37, 33, spread, 3);
    std::copy_n(bank.features.begin(), 33, queries.begin());  // one is in the bank
    std::fill_n(queries.begin() + 33, 33, 0.0F);              // and one is zero
    const std::vector<float> logits(2 * 37, 1.0F);
    for (const char* name : {"knn", "knn:neighbours=1", "knn:neighbours=1700"}) {
      CAPTURE(name);
      const Detector& detector = detector_named(name);
      const NetworkOutputs outputs = bank.fitted(detector);
      const auto k = static_cast<std::size_t>(bank.options[0]);
      const std::vector<double> expected = sorted_distances(bank, queries, k);
      const std::vector<double> together = scores_of(detector, outputs, queries, logits);
      ThreadPool pool(2);
      std::vector<double> alone(together.size());
      pool.run(37, [&](std::int64_t index, int) {
        const auto i = static_cast<std::size_t>(index);
        alone[i] =
            scores_of(detector, outputs, std::span(queries).subspan(33 * i, 33), {{1, 1}})[0];
      });
      CHECK(together == alone);
      for (std::size_t i = 0; i < expected.size(); ++i) {
        CHECK(together[i] == doctest::Approx(expected[i]).epsilon(1e-12));
      }
    }
  }
}

TEST_CASE("NNGuide with a whole bank of several blocks has the mean of all products' largest") {
  Bank bank(clustered(4500, 20, 0.3F, 4), 20);
  const std::vector<float> queries = clustered(5, 20, 0.3F, 5);
  const std::vector<float> logits = {0, 0, 1, 0, 3, 2, -4, -4, 9, 0};
  const Detector& detector = detector_named("nnguide:share=100:neighbours=25");
  const std::vector<double> scores = scores_of(detector, bank.fitted(detector), queries, logits);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const auto energy = [](float a, float b) {
      return std::log(std::exp(double{a}) + std::exp(double{b}));
    };
    const std::vector<double> query = normalised(std::span(queries).subspan(20 * i, 20));
    std::vector<double> products;
    for (std::size_t b = 0; b < bank.rows(); ++b) {
      const std::vector<double> other = normalised(bank.row(b));
      double product = 0;
      for (std::size_t j = 0; j < 20; ++j) product += query[j] * other[j];
      products.push_back(product * energy(bank.logits[2 * b], bank.logits[2 * b + 1]));
    }
    std::ranges::sort(products, std::ranges::greater());
    double sum = 0;
    for (std::size_t n = 0; n < 25; ++n) sum += products[n];
    CHECK(scores[i] ==
          doctest::Approx(sum / 25 * energy(logits[2 * i], logits[2 * i + 1])).epsilon(1e-12));
  }
}

TEST_CASE("norms and banks that no fit can have, and features too large for floats, are refused") {
  Bank bank(clustered(100, 8, 0.3F, 6), 8);
  const NetworkOutputs outputs = bank.fitted(detectors::kKnn);
  const std::vector<float> query = clustered(1, 8, 0.3F, 7);
  const std::vector<float> logits(2, 0.0F);
  bank.fit.numbers["norms"][3] = -1e-10;
  CHECK_THROWS_AS(scores_of(detectors::kKnn, outputs, query, logits), Error);
  bank.fit.numbers["norms"].assign(100, 1e300);
  CHECK_NOTHROW(scores_of(detectors::kKnn, outputs, query, logits));
  bank.fit.features["bank"].assign(800, HUGE_VALF);
  CHECK_THROWS_AS(scores_of(detectors::kKnn, outputs, std::vector<float>(8, 0.0F), logits), Error);
  bank.features[5] = 2e30F;
  CHECK_THROWS_AS(bank.fitted(detectors::kKnn), Error);
}
