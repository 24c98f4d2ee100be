// Scores of the full networks do not depend on the CPU's algorithm for convolutions.
#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include "eval/scoring/detectors/registry.h"
#include "eval/scoring/scorer.h"
#include "kernels/device.h"
#include "nn/parameters.h"
#include "tests/support/formula.h"
#include "weights/bundled.h"
#include "weights/checkpoint.h"

using namespace odin;
using namespace odin::test;

namespace {

Scores scores_with(ConvolutionAlgorithm convolution, const Checkpoint& checkpoint,
                   std::span<const float> images) {
  const auto backend = make_backend("cpu", DeviceOptions{.convolution = convolution});
  Scorer scorer(checkpoint, *backend);
  const OdinParameters parameters{1000, 0.0014};
  return scorer.score(images, {&parameters, 1});
}

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

// Winograd's algorithm has an error of 1e-6 to 6e-6 in every convolution. An error in a logit
// counts a thousandth in a score at temperature 1000, and up to a quarter at temperature 1.
void check_choices_agree(const Checkpoint& checkpoint, std::size_t count) {
  const std::vector<float> images = formula_images(count);
  const Scores direct = scores_with(ConvolutionAlgorithm::kDirect, checkpoint, images);
  for (const auto choice : {ConvolutionAlgorithm::kWinograd, ConvolutionAlgorithm::kAuto}) {
    CAPTURE(name_of(choice));
    const Scores scores = scores_with(choice, checkpoint, images);
    CHECK(scores.predictions == direct.predictions);
    CHECK(largest_difference(scores.of(detectors::kBaseline), direct.of(detectors::kBaseline)) <
          1e-5);
    CHECK(largest_difference(scores.of(detectors::kOdin, 0), direct.of(detectors::kOdin, 0)) <
          1e-6);
    // Another algorithm rounds differently: equal bits would mean that it was not used.
    CHECK(scores.per_parameters(detectors::kOdin) != direct.per_parameters(detectors::kOdin));
  }
}

}  // namespace

TEST_CASE(
    "a trained DenseNet-BC-100 has the same scores with direct and with Winograd convolutions") {
  check_choices_agree(read_checkpoint(bundled_weights("densenet_bc_100_fashion_mnist.h5")), 8);
}

TEST_CASE("Wide-ResNet-28-10 has the same scores with direct and with Winograd convolutions" *
          doctest::test_suite("slow")) {
  Checkpoint checkpoint;
  checkpoint.architecture = WideResNetConfig{};
  checkpoint.mean = {0, 0, 0};
  checkpoint.std = {0.25f, 0.24f, 0.26f};
  checkpoint.parameters = initial_parameters(checkpoint.architecture, 1);
  check_choices_agree(checkpoint, 3);
}
