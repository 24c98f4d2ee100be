// What fitted detectors refuse: training images that do not suffice, and fits that are not theirs.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "eval/scoring/detectors/registry.h"
#include "kernels/error.h"
#include "tests/eval/scoring/detector_samples.h"

using namespace odin;

namespace {

std::vector<const Detector*> fitted_detectors() {
  std::vector<const Detector*> some;
  std::ranges::copy_if(all_detectors(), std::back_inserter(some),
                       [](const Detector* d) { return d->fit != nullptr; });
  return some;
}

// The sentence that fitting fails with, or none.
std::string sentence(const Detector& detector, const TrainingOutputs& training) {
  try {
    detector.fit(training);
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("fits on outputs that do not belong together are refused") {
  DetectorArrays arrays(read_detector_samples().at(1));
  for (const Detector* detector : fitted_detectors()) {
    CAPTURE(detector->name);
    const TrainingOutputs good = arrays.training(*detector);
    CHECK(sentence(*detector, good).empty());
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
    for (const auto& [name, values] : good.numbers) {
      CAPTURE(name);
      DetectorFit bad = good;
      bad.numbers.erase(name);
      refused(bad);
      bad = good;
      bad.numbers[name].push_back(1);
      refused(bad);
      bad.numbers[name].clear();
      refused(bad);
    }
    for (const auto& [name, values] : good.features) {
      CAPTURE(name);
      DetectorFit bad = good;
      bad.features.erase(name);
      refused(bad);
      bad = good;
      bad.features[name].push_back(1);
      refused(bad);
      bad.features[name].clear();
      refused(bad);
    }
  }
}
