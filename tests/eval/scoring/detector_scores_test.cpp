// Every detector against NumPy.
#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "eval/scoring/detectors/registry.h"
#include "kernels/error.h"
#include "tests/eval/scoring/detector_samples.h"

using namespace odin;

namespace {

// Those that NumPy's file has scores of: not ODIN's, which need perturbed images.
std::vector<const Detector*> of_unchanged_images() {
  std::vector<const Detector*> some;
  std::ranges::copy_if(all_detectors(), std::back_inserter(some),
                       [](const Detector* d) { return !d->uses_odin_parameters; });
  return some;
}

std::vector<const Detector*> of_features() {
  std::vector<const Detector*> some;
  std::ranges::copy_if(all_detectors(), std::back_inserter(some),
                       [](const Detector* d) { return d->uses_features; });
  return some;
}

}  // namespace

TEST_CASE("every detector, and one with other options, has the scores of NumPy") {
  const std::vector<DetectorSample> samples = read_detector_samples();
  REQUIRE(samples.size() == 3);
  for (const DetectorSample& sample : samples) {
    DetectorArrays arrays(sample);
    std::set<std::string_view> compared;
    for (const auto& [name, expected] : sample.values) {
      const Detector* detector = find_detector(name);
      if (detector == nullptr) continue;
      CAPTURE(name);
      compared.insert(name);
      REQUIRE(expected.size() == sample.images);
      std::vector<double> scores(sample.images);
      detector->score(arrays.outputs(*detector), scores);
      for (std::size_t i = 0; i < scores.size(); ++i) {
        // Both compute in double, and add in different orders.
        CHECK(scores[i] == doctest::Approx(expected[i]).epsilon(1e-12));
      }
    }
    for (const Detector* detector : of_unchanged_images()) {
      CAPTURE(detector->name);
      CHECK(compared.contains(detector->name));
      const bool has_variant = std::ranges::any_of(
          compared, [&](auto name) { return detector_named(name).variant_of == detector; });
      CHECK(has_variant == !detector->options.empty());
    }
  }
}

TEST_CASE("an image's score does not depend on the others") {
  const DetectorSample sample = read_detector_samples().at(0);
  DetectorArrays arrays(sample);
  const auto classes = static_cast<std::size_t>(sample.classes);
  for (const Detector* detector : of_unchanged_images()) {
    CAPTURE(detector->name);
    const NetworkOutputs all = arrays.outputs(*detector);
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
  const DetectorSample sample = read_detector_samples().at(1);
  DetectorArrays arrays(sample);
  for (const Detector* detector : of_features()) {
    CAPTURE(detector->name);
    const NetworkOutputs good = arrays.outputs(*detector);
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
  const DetectorSample sample = read_detector_samples().at(0);
  DetectorArrays arrays(sample);
  std::ranges::fill(arrays.features, 0.0F);
  for (const Detector* detector : of_features()) {
    CAPTURE(detector->name);
    std::vector<double> scores(sample.images);
    detector->score(arrays.outputs(*detector), scores);
    CHECK(std::isfinite(scores[0]));
  }
}

TEST_CASE("features that are zero for all training images have a score, but with ViM") {
  const DetectorSample sample = read_detector_samples().at(0);
  DetectorArrays arrays(sample);
  std::ranges::fill(arrays.training_features, 0.0F);
  for (const Detector* detector : of_features()) {
    CAPTURE(detector->name);
    if (detector == &detectors::kVim) {
      CHECK_THROWS_WITH_AS(arrays.outputs(*detector),
                           "the features of the training images have no more than 17 dimensions, "
                           "which leave nothing outside them",
                           Error);
      continue;
    }
    std::vector<double> scores(sample.images);
    detector->score(arrays.outputs(*detector), scores);
    CHECK(std::isfinite(scores[0]));
  }
}
