// What a stranger's file says that a score has learnt: it must not harm, whatever it holds.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "eval/detection/ood_detector.h"
#include "eval/scoring/detectors/registry.h"
#include "tests/eval/detection/fitted_detector.h"
#include "tests/support/error_of.h"

using namespace odin;
using namespace odin::test;

namespace {

// Every fitted detector, with options that suit the few training images of fitted_checkpoint().
std::vector<std::string> fitted_scores() {
  std::vector<std::string> names;
  for (const Detector* detector : all_detectors()) {
    if (detector->fit == nullptr) continue;
    std::string name(detector->name);
    if (name == "knn") name += ":neighbours=3";
    if (name == "nnguide") name += ":share=50:neighbours=3";
    names.push_back(name);
  }
  return names;
}

// The sentence with which the detector is refused, or one of its verdicts is, or kNoError.
std::string sentence(const Checkpoint& checkpoint, const std::vector<std::uint8_t>& images) {
  return error_of([&] {
    OodDetector detector(checkpoint, "cpu", {.threads = 1});
    for (const Verdict& verdict : detector.detect(images)) CHECK(std::isfinite(verdict.score));
  });
}

// Calls use(a checkpoint whose detector's fit was changed) for every array of the fit.
template <class Change, class Use>
void for_each_array(const Checkpoint& checkpoint, const Change& change, const Use& use) {
  const auto with = [&](DetectorFit fit) {
    Checkpoint changed = checkpoint;
    changed.detector_fit = std::make_shared<const DetectorFit>(std::move(fit));
    use(changed);
  };
  for (const auto& [name, values] : checkpoint.detector_fit->numbers) {
    DetectorFit fit = *checkpoint.detector_fit;
    change(fit.numbers, name);
    with(std::move(fit));
  }
  for (const auto& [name, values] : checkpoint.detector_fit->features) {
    DetectorFit fit = *checkpoint.detector_fit;
    change(fit.features, name);
    with(std::move(fit));
  }
}

}  // namespace

TEST_CASE("every score that learns judges images with what it has learnt") {
  const std::vector<std::uint8_t> images = noise_bytes(3 * kImageElements, 5);
  CHECK(fitted_scores().size() >= 11);
  for (const std::string& name : fitted_scores()) {
    CAPTURE(name);
    CHECK(sentence(fitted_checkpoint(name), images) == kNoError);
  }
}

TEST_CASE("a fit whose array is missing, cut or too long is refused before any image") {
  for (const std::string& name : fitted_scores()) {
    CAPTURE(name);
    const Checkpoint checkpoint = fitted_checkpoint(name);
    const auto refused = [&](const Checkpoint& changed) {
      CHECK(sentence(changed, {}).starts_with("the checkpoint cannot be used as a detector: the "));
    };
    for_each_array(
        checkpoint, [](auto& arrays, const std::string& array) { arrays.erase(array); }, refused);
    for_each_array(
        checkpoint, [](auto& arrays, const std::string& array) { arrays[array].pop_back(); },
        refused);
    for_each_array(
        checkpoint, [](auto& arrays, const std::string& array) { arrays[array].push_back(1); },
        refused);
  }
}

TEST_CASE("a fit of absurd values gives finite scores, or the checkpoint is refused") {
  const std::vector<std::uint8_t> images = noise_bytes(3 * kImageElements, 5);
  int judged = 0;
  int refused = 0;
  for (const std::string& name : fitted_scores()) {
    CAPTURE(name);
    const Checkpoint checkpoint = fitted_checkpoint(name);
    for (const double value : {0.0, -1.0, 1e30, -1e30}) {
      CAPTURE(value);
      for_each_array(
          checkpoint,
          [&](auto& arrays, const std::string& array) {
            for (auto& element : arrays[array]) {
              element = static_cast<std::decay_t<decltype(element)>>(value);
            }
          },
          [&](const Checkpoint& changed) {
            const std::string found = sentence(changed, images);
            ++(found == kNoError ? judged : refused);
            CHECK((found == kNoError ||
                   found.starts_with("the checkpoint cannot be used as a detector: ")));
          });
    }
  }
  CHECK(judged > 0);
  CHECK(refused > 0);  // a negative norm, a temperature of 0
}
