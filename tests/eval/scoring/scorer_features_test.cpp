// What the scorer hands to detectors that read features: the input of the classifier, and the
// classifier.
#include <algorithm>

#include <doctest/doctest.h>

#include "eval/scoring/detectors/registry.h"
#include "tests/eval/scoring/small_network.h"

namespace odin::test {
namespace {

// The largest logit, computed from the features.
void score_features(const NetworkOutputs& outputs, std::span<double> scores) {
  const auto features = static_cast<std::size_t>(outputs.feature_count);
  const auto classes = static_cast<std::size_t>(outputs.classes);
  REQUIRE(features > 0);
  REQUIRE(outputs.features.size() == scores.size() * features);
  REQUIRE(outputs.weights.size() == classes * features);
  REQUIRE(outputs.bias.size() == classes);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    std::vector<double> logits(outputs.bias.begin(), outputs.bias.end());
    for (std::size_t k = 0; k < classes; ++k) {
      for (std::size_t d = 0; d < features; ++d) {
        logits[k] +=
            double{outputs.weights[k * features + d]} * double{outputs.features[i * features + d]};
      }
    }
    scores[i] = *std::ranges::max_element(logits);
  }
}
constexpr Detector kOfFeatures{.name = "of_features",
                               .title = "",
                               .heading = "",
                               .score_file = "",
                               .paper = "",
                               .score = score_features,
                               .uses_features = true};

// Of a detector that does not say that it reads them.
void score_nothing(const NetworkOutputs& outputs, std::span<double> scores) {
  CHECK(outputs.feature_count == 0);
  CHECK(outputs.features.empty());
  CHECK(outputs.weights.empty());
  CHECK(outputs.bias.empty());
  std::ranges::fill(scores, 0.0);
}
constexpr Detector kOfNothing{.name = "of_nothing",
                              .title = "",
                              .heading = "",
                              .score_file = "",
                              .paper = "",
                              .score = score_nothing};

constexpr const Detector* kWith[] = {&detectors::kMaxLogit, &kOfFeatures, &kOfNothing,
                                     &detectors::kOdin};
constexpr const Detector* kWithout[] = {&kOfNothing, &detectors::kMaxLogit, &detectors::kOdin};
constexpr OdinParameters kParameters[] = {{1000, 0.0014}, {1, 0.002}};
constexpr std::size_t kImages = 5;

// Both networks, small, for images of grey and of colour.
std::vector<Checkpoint> checkpoints() {
  std::vector<Checkpoint> all;
  for (Architecture architecture : {Architecture(DenseNetConfig{10, 2, 0.5, true, 3}),
                                    Architecture(WideResNetConfig{10, 1, 4})}) {
    for (const ImageShape shape : {ImageShape{1, 28}, ImageShape{3, 40}}) {
      architecture.image = shape;
      Checkpoint checkpoint = small_checkpoint();
      checkpoint.architecture = architecture;
      checkpoint.mean.resize(static_cast<std::size_t>(shape.channels));
      checkpoint.std.resize(static_cast<std::size_t>(shape.channels));
      checkpoint.parameters = formula_parameters(build_graph(architecture));
      all.push_back(std::move(checkpoint));
    }
  }
  return all;
}

TEST_CASE("a detector gets the features that the network's logits were made of") {
  for (const Checkpoint& checkpoint : checkpoints()) {
    INFO(name_of(checkpoint.architecture), ", ", checkpoint.architecture.image.side);
    const std::vector<float> images = formula_images(kImages, checkpoint.architecture.image);
    for (const auto& backend : {make_cpu_backend(1), make_reference_backend()}) {
      Scorer scorer(checkpoint, *backend, kWith);
      const Scores scores = scorer.score(images, kParameters);
      const std::vector<double>& found = scores.of(kOfFeatures);
      REQUIRE(found.size() == kImages);
      for (std::size_t i = 0; i < kImages; ++i) {
        // Features and logits are rounded to float, 6e-8 of each of a few terms.
        CHECK(found[i] == doctest::Approx(scores.of(detectors::kMaxLogit)[i]).epsilon(1e-6));
      }
      CHECK(scorer.score({}, kParameters).of(kOfFeatures).empty());
    }
  }
}

TEST_CASE("scores of features depend neither on the batch nor on the threads, bit for bit") {
  for (const Checkpoint& checkpoint : checkpoints()) {
    INFO(name_of(checkpoint.architecture), ", ", checkpoint.architecture.image.side);
    const std::vector<float> images = formula_images(kImages, checkpoint.architecture.image);
    const auto elements = static_cast<std::size_t>(checkpoint.architecture.image.elements());
    const auto one = make_cpu_backend(1);
    const Scores expected = Scorer(checkpoint, *one, kWith).score(images, kParameters);
    for (const int threads : {1, 3}) {
      const auto backend = make_cpu_backend(threads);
      Scorer scorer(checkpoint, *backend, kWith);
      for (const std::size_t batch : {std::size_t{1}, std::size_t{2}, kImages}) {
        Scores scores;
        for (std::size_t begin = 0; begin < kImages; begin += batch) {
          const std::size_t count = std::min(batch, kImages - begin);
          scores.append(scorer.score(std::span(images).subspan(begin * elements, count * elements),
                                     kParameters));
        }
        CHECK(scores.per_detector == expected.per_detector);
      }
    }
  }
}

TEST_CASE("features are asked for only where a detector reads them, and change no other score") {
  const Checkpoint checkpoint = small_checkpoint();
  const auto backend = make_cpu_backend(1);
  const std::vector<float> images = formula_images(kImages);
  PassCount with;
  PassCount without;
  const Scores some =
      counting_scorer(checkpoint, *backend, without, kWithout).score(images, kParameters);
  const Scores all = counting_scorer(checkpoint, *backend, with, kWith).score(images, kParameters);
  CHECK(without.features == 0);
  CHECK(with == PassCount{.forward = kImages,
                          .backward = 2 * kImages,
                          .perturbed = 2 * kImages,
                          .features = kImages});
  for (const Detector* detector : {&detectors::kMaxLogit, &detectors::kOdin}) {
    CHECK(some.per_parameters(*detector) == all.per_parameters(*detector));
  }
  CHECK(some.predictions == all.predictions);

  CHECK_THROWS_WITH_AS(some.of(kOfFeatures), "there are no scores of the detector of_features",
                       Error);
  Scores both = some;
  CHECK_THROWS_WITH_AS(both.append(all), "scores of other detectors cannot follow", Error);
}

}  // namespace
}  // namespace odin::test
