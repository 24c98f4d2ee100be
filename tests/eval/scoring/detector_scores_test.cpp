// Every detector against NumPy: tests/pytorch/make_detector_scores.py made the file that is read here.
#include <cmath>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "eval/scoring/detectors/registry.h"
#include "kernels/error.h"

using namespace odin;

namespace {

// Outputs of a made-up network for some images, and what NumPy says of them.
struct Sample {
  int classes = 0;
  std::size_t features = 0;
  std::size_t images = 0;
  std::map<std::string, std::vector<double>>
      values;  // logits, ..., and scores by the detector's name

  std::vector<float> floats(const std::string& name) const {
    const std::vector<double>& doubles = values.at(name);
    return {doubles.begin(), doubles.end()};
  }
};

std::vector<Sample> read_samples() {
  std::vector<Sample> samples;
  std::ifstream file(std::string(ODIN_SOURCE_DIR) + "/tests/eval/scoring/detector_scores.txt");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    words >> name;
    if (name == "outputs") {
      Sample& sample = samples.emplace_back();
      words >> sample.classes >> sample.features >> sample.images;
      continue;
    }
    std::vector<double>& values = samples.at(samples.size() - 1).values[name];
    for (double value = 0; words >> value;) values.push_back(value);
  }
  return samples;
}

// A sample's arrays, and the outputs that refer to them.
struct Arrays {
  std::vector<float> logits, features, weights, bias;
  std::vector<double> options;

  explicit Arrays(const Sample& s)
      : logits(s.floats("logits")),
        features(s.floats("features")),
        weights(s.floats("weights")),
        bias(s.floats("bias")) {}
  NetworkOutputs outputs(int classes, const Detector& detector) {
    NetworkOutputs outputs{.classes = classes, .logits = logits};
    options = option_values(detector);
    outputs.options = options;
    outputs.feature_count = static_cast<int>(weights.size()) / classes;
    outputs.features = features;
    outputs.weights = weights;
    outputs.bias = bias;
    return outputs;
  }
};

}  // namespace

TEST_CASE("every detector without parameters of ODIN has the scores of NumPy") {
  const std::vector<Sample> samples = read_samples();
  REQUIRE(samples.size() == 3);
  for (const Sample& sample : samples) {
    Arrays arrays(sample);
    for (const Detector* detector : default_detectors()) {
      if (detector->uses_odin_parameters) continue;
      CAPTURE(detector->name);
      REQUIRE(sample.values.contains(std::string(detector->name)));
      const std::vector<double>& expected = sample.values.at(std::string(detector->name));
      REQUIRE(expected.size() == sample.images);
      std::vector<double> scores(sample.images);
      detector->score(arrays.outputs(sample.classes, *detector), scores);
      for (std::size_t i = 0; i < scores.size(); ++i) {
        // Both compute in double, and add in different orders.
        CHECK(scores[i] == doctest::Approx(expected[i]).epsilon(1e-12));
      }
    }
  }
}

TEST_CASE("an image's score does not depend on the others") {
  const Sample sample = read_samples().at(0);
  Arrays arrays(sample);
  const auto classes = static_cast<std::size_t>(sample.classes);
  for (const Detector* detector : default_detectors()) {
    if (detector->uses_odin_parameters) continue;
    const NetworkOutputs all = arrays.outputs(sample.classes, *detector);
    std::vector<double> together(sample.images);
    detector->score(all, together);
    for (std::size_t i = 0; i < sample.images; ++i) {
      NetworkOutputs one = all;
      one.logits = all.logits.subspan(i * classes, classes);
      one.features = all.features.subspan(i * sample.features, sample.features);
      double score = 0;
      detector->score(one, {&score, 1});
      CHECK(score == together[i]);
    }
  }
}

TEST_CASE("detectors of features refuse what does not fit, and take no images") {
  const Sample sample = read_samples().at(1);
  Arrays arrays(sample);
  for (const Detector* detector : default_detectors()) {
    if (!detector->uses_features) continue;
    CAPTURE(detector->name);
    const NetworkOutputs good = arrays.outputs(sample.classes, *detector);
    std::vector<double> scores(sample.images);
    NetworkOutputs bad = good;
    bad.features = good.features.subspan(1);
    CHECK_THROWS_AS(detector->score(bad, scores), Error);
    bad = good;
    bad.weights = good.weights.subspan(1);
    CHECK_THROWS_AS(detector->score(bad, scores), Error);
    bad = good;
    bad.bias = {};
    CHECK_THROWS_AS(detector->score(bad, scores), Error);
    std::vector<float> with_nan = arrays.features;
    with_nan[3] = std::nanf("");
    bad = good;
    bad.features = with_nan;
    CHECK_THROWS_AS(detector->score(bad, scores), Error);
    bad = good;
    bad.logits = {};
    bad.features = {};
    detector->score(bad, {});
  }
}

TEST_CASE("features that are all zero have a score") {
  const Sample sample = read_samples().at(0);
  Arrays arrays(sample);
  std::fill(arrays.features.begin(), arrays.features.end(), 0.0F);
  for (const Detector* detector : default_detectors()) {
    if (!detector->uses_features) continue;
    std::vector<double> scores(sample.images);
    detector->score(arrays.outputs(sample.classes, *detector), scores);
    CHECK(std::isfinite(scores[0]));
  }
}
