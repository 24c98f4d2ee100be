// What fitted detectors refuse: training images that do not suffice, and fits that are not theirs.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "eval/scoring/detectors/registry.h"
#include "kernels/error.h"
#include "tests/eval/scoring/detector_samples.h"
#include "tests/support/error_of.h"

using namespace odin;

namespace {

std::vector<const Detector*> fitted_detectors() {
  std::vector<const Detector*> some;
  std::ranges::copy_if(all_detectors(), std::back_inserter(some),
                       [](const Detector* d) { return d->fit != nullptr; });
  return some;
}

// The sentence that fitting fails with, or kNoError.
std::string sentence(const Detector& detector, const TrainingOutputs& training) {
  return test::error_of(detector.fit, training);
}

}  // namespace

TEST_CASE("fits on outputs that do not belong together are refused") {
  DetectorArrays arrays(read_detector_samples().at(1));
  for (const Detector* detector : fitted_detectors()) {
    CAPTURE(detector->name);
    const TrainingOutputs good = arrays.training(*detector);
    CHECK(sentence(*detector, good) == test::kNoError);
    TrainingOutputs bad = good;
    bad.outputs.features = {};
    bad.outputs.logits = {};
    bad.labels = {};
    CHECK(sentence(*detector, bad) == "there are no training images to fit on");
    bad = good;
    bad.outputs.features = good.outputs.features.subspan(1);
    CHECK(sentence(*detector, bad).find("features and") != std::string::npos);
    bad = good;
    bad.outputs.logits = good.outputs.logits.subspan(1);
    CHECK(sentence(*detector, bad).find("logits are not those") != std::string::npos);
    bad = good;
    bad.outputs.weights = {};
    CHECK(sentence(*detector, bad).find("0 weights") != std::string::npos);
    bad = good;
    bad.outputs.classes = 0;
    CHECK(sentence(*detector, bad).find("classes") != std::string::npos);
    std::vector<float> with_infinity = arrays.training_features;
    with_infinity[5] = HUGE_VALF;
    bad = good;
    bad.outputs.features = with_infinity;
    CHECK(sentence(*detector, bad) ==
          "a feature of the training images is not finite: check the weights");
  }
}

TEST_CASE("detectors that need the training images' classes say so") {
  DetectorArrays arrays(read_detector_samples().at(1));
  std::set<std::string_view> with_classes;
  for (const Detector* detector : fitted_detectors()) {
    CAPTURE(detector->name);
    TrainingOutputs training = arrays.training(*detector);
    training.labels = {};
    const std::string refused = sentence(*detector, training);
    if (refused == test::kNoError) continue;
    with_classes.insert(detector->name);
    CHECK(refused ==
          "the classes of the training images are not known: give images with their classes");
    std::vector<std::int32_t> labels = arrays.labels;
    training.labels = std::span(labels).subspan(1);
    CHECK(sentence(*detector, training) == "60 training images have 59 classes");
    training.labels = labels;
    labels[7] = 3;
    CHECK(sentence(*detector, training) ==
          "a training image has class 3, but the network has 3 classes");
    labels[7] = -1;
    CHECK(sentence(*detector, training).find("has class -1") != std::string::npos);
  }
  CHECK(with_classes == std::set<std::string_view>{"temperature_scaling", "she", "mahalanobis",
                                                   "relative_mahalanobis"});
}

TEST_CASE("detectors that need images of every class say which has none") {
  DetectorArrays arrays(read_detector_samples().at(1));
  // No image is of class 1, recognised as class 1 or predicted as class 1.
  std::ranges::replace(arrays.labels, 1, 2);
  for (std::size_t i = 1; i < arrays.training_logits.size(); i += 3) {
    arrays.training_logits[i] = -50;
  }
  std::set<std::string> sentences;
  for (const Detector* detector : fitted_detectors()) {
    sentences.insert(sentence(*detector, arrays.training(*detector)));
  }
  const std::string rest = " class 1, but some of every class are needed: give more images";
  CHECK(sentences == std::set<std::string>{test::kNoError, "no training image is of" + rest,
                                           "no training image is predicted as" + rest,
                                           "no training image is recognised as" + rest});
}

TEST_CASE("a temperature has bounds") {
  DetectorArrays arrays(read_detector_samples().at(1));
  const Detector& scaling = detectors::kTemperatureScaling;
  // Every image recognised: no temperature is low enough. None: none is high enough.
  for (std::size_t i = 0; i < arrays.labels.size(); ++i) {
    const auto row = std::span(arrays.training_logits).subspan(3 * i, 3);
    arrays.labels[i] = static_cast<std::int32_t>(std::ranges::max_element(row) - row.begin());
  }
  CHECK(scaling.fit(arrays.training(scaling)).numbers.at("temperature") ==
        std::vector<double>{1 / (1 / 0.1)});
  for (std::size_t i = 0; i < arrays.labels.size(); ++i) {
    const auto row = std::span(arrays.training_logits).subspan(3 * i, 3);
    arrays.labels[i] = static_cast<std::int32_t>(std::ranges::min_element(row) - row.begin());
  }
  CHECK(scaling.fit(arrays.training(scaling)).numbers.at("temperature") ==
        std::vector<double>{100});
}

TEST_CASE("probabilities that are 1 but for a rounding error have different scores") {
  const float logits[] = {0, 90, 1, 91, 0, 0};
  const DetectorFit fit{.numbers = {{"temperature", {0.5}}}};
  std::vector<double> scores(2);
  detectors::kTemperatureScaling.score({.classes = 3, .logits = logits, .fit = &fit}, scores);
  CHECK(scores[0] == doctest::Approx(-std::exp(-178) * (1 + std::exp(-2))).epsilon(1e-12).scale(0));
  CHECK(scores[1] == doctest::Approx(-2 * std::exp(-182)).epsilon(1e-12).scale(0));
}

TEST_CASE("more neighbours or dimensions than there are are refused") {
  DetectorArrays arrays(read_detector_samples().at(1));
  const auto refused = [&](const char* name) {
    return sentence(detector_named(name), arrays.training(detector_named(name)));
  };
  CHECK(refused("knn:neighbours=60") == test::kNoError);
  CHECK(refused("knn:neighbours=61") ==
        "61 nearest neighbours cannot be found among 60 training images");
  CHECK(refused("nnguide:neighbours=61") ==
        "61 nearest neighbours cannot be found among 60 training images");
  CHECK(refused("vim:dimension=5") == test::kNoError);
  CHECK(refused("vim:dimension=7") ==
        "7 principal dimensions of 7 features leave nothing outside them");
}

TEST_CASE("a fit that misses an array, or has another size, is refused") {
  const DetectorSample sample = read_detector_samples().at(0);
  DetectorArrays arrays(sample);
  std::vector<double> scores(sample.images);
  for (const Detector* detector : fitted_detectors()) {
    CAPTURE(detector->name);
    NetworkOutputs outputs = arrays.outputs(*detector);
    const DetectorFit good = *outputs.fit;
    outputs.fit = nullptr;
    CHECK_THROWS_AS(detector->score(outputs, scores), Error);
    const auto refused = [&](const DetectorFit& bad) {
      outputs.fit = &bad;
      CHECK_THROWS_AS(detector->score(outputs, scores), Error);
    };
    const auto refuses_changed = [&](const auto kind) {
      for (const auto& [name, values] : good.*kind) {
        CAPTURE(name);
        DetectorFit bad = good;
        (bad.*kind).erase(name);
        refused(bad);
        bad = good;
        (bad.*kind)[name].push_back(1);
        refused(bad);
        (bad.*kind)[name].clear();
        refused(bad);
      }
    };
    refuses_changed(&DetectorFit::numbers);
    refuses_changed(&DetectorFit::features);
  }
}
