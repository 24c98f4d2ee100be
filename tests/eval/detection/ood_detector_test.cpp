// Verdicts by the C++ class.
#include "eval/detection/ood_detector.h"

#include <cmath>
#include <limits>
#include <thread>

#include <doctest/doctest.h>

#include "eval/scoring/detectors/registry.h"
#include "kernels/error.h"
#include "tests/eval/data/data_support.h"
#include "tests/eval/detection/fitted_detector.h"
#include "tests/eval/scoring/small_network.h"
#include "tests/support/error_of.h"
#include "tests/support/support.h"
#include "tests/weights/sample_detector.h"

using namespace odin;
using namespace odin::test;

namespace {

Checkpoint detector_checkpoint(const std::string& score = "odin") {
  Checkpoint checkpoint = small_checkpoint();
  checkpoint.detector = sample_detector();
  checkpoint.detector->score = score;
  return checkpoint;
}

// Images (count, 3, 32, 32).
std::vector<std::uint8_t> some_bytes(std::size_t count) {
  return noise_bytes(count * kImageElements, 5);
}

template <class Pixel>
std::vector<Pixel> interleaved(const std::vector<Pixel>& planes) {
  constexpr std::size_t kPlane = kImageElements / 3;
  std::vector<Pixel> result;
  for (std::size_t image = 0; image < planes.size(); image += kImageElements) {
    for (std::size_t i = 0; i < kPlane; ++i) {
      for (std::size_t c = 0; c < 3; ++c) result.push_back(planes[image + c * kPlane + i]);
    }
  }
  return result;
}

}  // namespace

TEST_CASE("verdicts are the Scorer's scores against the threshold, bit for bit") {
  const std::vector<std::uint8_t> bytes = some_bytes(9);
  const auto backend = make_cpu_backend(1);
  for (const std::string name : {"odin", "odin_energy", "odin_max_logit", "baseline", "energy",
                                 "ash_s", "gen:gamma=0.2", "react", "react:percentile=60"}) {
    CAPTURE(name);
    const Detector& score = detector_named(name);
    Checkpoint checkpoint =
        score.fit != nullptr ? fitted_checkpoint(name) : detector_checkpoint(name);
    const Detector* const detectors[] = {&detectors::kBaseline, &score};
    Scorer scorer(checkpoint, *backend, detectors);
    if (score.fit != nullptr) scorer.set_fit(score, checkpoint.detector_fit);
    const OdinParameters parameters{1000, 0.002};
    const Scores scores = scorer.score(normalised(scorer, bytes), {&parameters, 1});
    const std::vector<double>& expected = scores.of(score);
    // The threshold is one of the scores: that image is accepted.
    checkpoint.detector->threshold = expected[4];
    for (const int threads : {1, 3}) {
      OodDetector detector(checkpoint, "cpu", {.threads = threads});
      const std::vector<Verdict> verdicts = detector.detect(bytes);
      REQUIRE(verdicts.size() == 9);
      for (std::size_t i = 0; i < 9; ++i) {
        CHECK(verdicts[i].score == expected[i]);
        CHECK(verdicts[i].in_distribution == (expected[i] >= expected[4]));
        CHECK(verdicts[i].predicted_class == scores.predictions[i]);
        CHECK(verdicts[i].probability == scores.of(detectors::kBaseline)[i]);
      }
      CHECK(verdicts[4].in_distribution);
    }
  }
}

TEST_CASE("what a score has learnt comes from the detector's file") {
  const TemporaryFolder folder;
  const std::vector<std::uint8_t> bytes = some_bytes(9);
  const Checkpoint checkpoint = fitted_checkpoint("react:percentile=60");
  write_checkpoint(checkpoint, folder / "d.h5");
  OodDetector from_file(folder / "d.h5", "cpu", {.threads = 1});
  const std::vector<Verdict> expected = OodDetector(checkpoint, "cpu").detect(bytes);
  CHECK(from_file.detect(bytes) == expected);
  // It matters.
  Checkpoint other = checkpoint;
  other.detector_fit = std::make_shared<const DetectorFit>(
      DetectorFit{.numbers = {{"limit", {checkpoint.detector_fit->numbers.at("limit")[0] / 2}}}});
  CHECK(OodDetector(other, "cpu").detect(bytes) != expected);
}

TEST_CASE("bytes and floats, planes and interleaved pixels, and any split give the same verdicts") {
  OodDetector detector(detector_checkpoint(), "cpu", {.threads = 2});
  // More than one batch, the last one ragged.
  const auto count = static_cast<std::size_t>(detector.preferred_batch()) + 3;
  const std::vector<std::uint8_t> bytes = some_bytes(count);
  const std::vector<Verdict> expected = detector.detect(bytes);
  REQUIRE(expected.size() == count);
  CHECK(detector.detect(interleaved(bytes), PixelLayout::kInterleaved) == expected);
  std::vector<float> floats(bytes.begin(), bytes.end());
  for (float& pixel : floats) pixel /= 255.0F;
  CHECK(detector.detect(floats) == expected);
  CHECK(detector.detect(interleaved(floats), PixelLayout::kInterleaved) == expected);
  for (const std::size_t i : {std::size_t{0}, std::size_t{5}, count - 1}) {
    const std::span<const std::uint8_t> image(bytes.data() + i * kImageElements, kImageElements);
    CHECK(detector.detect(image) == std::vector{expected[i]});
  }
  CHECK(detector.detect(std::span<const std::uint8_t>{}).empty());
  CHECK(detector.detect(std::span<const float>{}).empty());
}

TEST_CASE("objects of different threads do not disturb each other") {
  const Checkpoint checkpoint = detector_checkpoint();
  const std::vector<std::uint8_t> bytes = some_bytes(12);
  OodDetector alone(checkpoint, "cpu", {.threads = 1});
  const std::vector<Verdict> expected = alone.detect(bytes);
  std::vector<std::vector<Verdict>> found(4);
  {
    std::vector<std::jthread> threads;
    for (auto& mine : found) {
      threads.emplace_back([&] {
        OodDetector detector(checkpoint, "cpu", {.threads = 1});
        mine = detector.detect(bytes);
      });
    }
  }
  for (const auto& verdicts : found) CHECK(verdicts == expected);
}

TEST_CASE("pixels that are none are refused") {
  OodDetector detector(detector_checkpoint(), "cpu", {.threads = 1});
  std::vector<float> floats(kImageElements, 0.5F);
  for (const float bad : {-0.01F, 1.01F, 255.0F, std::numeric_limits<float>::quiet_NaN(),
                          std::numeric_limits<float>::infinity()}) {
    floats[77] = bad;
    CHECK_THROWS_AS(detector.detect(floats), Error);
  }
  floats[77] = 37;
  CHECK_THROWS_WITH_AS(
      detector.detect(floats),
      "a pixel is 37 where floats must be in 0..1: divide pixels in 0..255 by 255, "
      "and do not normalise them",
      Error);
  floats.pop_back();
  CHECK_THROWS_WITH_AS(detector.detect(floats),
                       "3071 pixels are not a whole number of images of 3 x 32 x 32", Error);
}

TEST_CASE("a file that is no detector is refused, by name") {
  const TemporaryFolder folder;
  const auto error = [](const std::filesystem::path& file) -> std::string {
    return error_of([&] { const OodDetector detector(file, "cpu"); });
  };
  const auto written = [&](const Checkpoint& checkpoint) {
    write_checkpoint(checkpoint, folder / "d.h5");
    return folder / "d.h5";
  };
  const std::string start = (folder / "d.h5").string() + " cannot be used as a detector: ";
  CHECK(error(written(small_checkpoint())) ==
        start + "the checkpoint has a network but no detector: make one with odin_calibrate");
  CHECK(error(written(detector_checkpoint("mahalan\x1bobis"))) ==
        start +
            "the detector's score is 'mahalan\\x1bobis', which this version does not have: use a "
            "newer one");
  Checkpoint fitted = detector_checkpoint();
  fitted.detector->fit = "squeeze";
  CHECK(error(written(fitted)).starts_with(start + "there is no fit \"squeeze\""));
  Checkpoint react = fitted_checkpoint("react");
  CHECK(error(written(react)) == kNoError);
  react.detector->score = "energy";
  CHECK(error(written(react)) == start +
                                     "the detector's score is energy, which learns nothing, but "
                                     "the file has what it has learnt");
  CHECK(error(written(detector_checkpoint("react"))) ==
        start +
            "the detector's score is react, but what that must learn from training images is "
            "missing: make the detector anew with odin_calibrate");
  // The score does not find what it needs.
  const auto with_fit = [](DetectorFit fit) {
    Checkpoint checkpoint = detector_checkpoint();
    add_fitted_detector(checkpoint, std::move(fit));
    return checkpoint;
  };
  CHECK(error(written(with_fit({.numbers = {{"limits", {1}}}}))) ==
        start + "the detector's fit has no array limit: fit it anew");
  CHECK(error(written(with_fit({.numbers = {{"limit", {1, 2}}}}))) ==
        start +
            "the detector's fit has 2 values of limit where 1 are expected: it was made for "
            "another network");
  CHECK(error(folder / "absent.h5").find("absent.h5") != std::string::npos);
  CHECK(error(written(detector_checkpoint())) == kNoError);
}
