#include "eval/detection/ood_detector.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "eval/image/fit.h"
#include "eval/scoring/detectors/registry.h"
#include "kernels/error.h"
#include "weights/files/printable.h"

namespace odin {
namespace {

const DetectorSettings& settings_of(const Checkpoint& checkpoint) {
  require(checkpoint.detector.has_value(),
          "the checkpoint has a network but no detector: make one with odin_calibrate");
  return *checkpoint.detector;
}

// The detector's score. Throws Error if the file has not what it needs.
const Detector& score_of(const Checkpoint& checkpoint) {
  const std::string& name = settings_of(checkpoint).score;
  const Detector* detector = find_detector(name);
  require(detector != nullptr,
          "the detector's score is '{}', which this version does not have: use a newer one",
          printable(name));
  const bool has_learnt = checkpoint.detector_fit != nullptr;
  if (detector->fit != nullptr) {
    require(has_learnt,
            "the detector's score is {}, but what that must learn from training images is missing: "
            "make the detector anew with odin_calibrate",
            name);
  } else {
    require(!has_learnt,
            "the detector's score is {}, which learns nothing, but the file has what it has learnt",
            name);
  }
  return *detector;
}

// A scorer of this detector, and of the predicted class's probability.
std::unique_ptr<Scorer> scorer_for(const Detector& score, const Checkpoint& checkpoint,
                                   Backend& backend, int threads) {
  std::vector<const Detector*> wanted{&detectors::kBaseline};
  if (&score != &detectors::kBaseline) wanted.push_back(&score);
  auto scorer = std::make_unique<Scorer>(checkpoint, backend, wanted);
  scorer->use_threads(threads);
  if (score.fit != nullptr) scorer->set_fit(score, checkpoint.detector_fit);
  return scorer;
}

// Reads a detector's file, and names it in every message.
Checkpoint read_detector(const std::filesystem::path& file) {
  Checkpoint checkpoint = read_checkpoint(file);
  try {
    score_of(checkpoint);
    image_fit(settings_of(checkpoint).fit);
  } catch (const Error& error) {
    fail("{} cannot be used as a detector: {}", printable(file.string()), error.what());
  }
  return checkpoint;
}

}  // namespace

OodDetector::OodDetector(const std::filesystem::path& file, std::string_view device,
                         const DeviceOptions& options)
    : OodDetector(read_detector(file), device, options, printable(file.string())) {}

OodDetector::OodDetector(const Checkpoint& checkpoint, std::string_view device,
                         const DeviceOptions& options)
    : OodDetector(checkpoint, device, options, "the checkpoint") {}

OodDetector::OodDetector(const Checkpoint& checkpoint, std::string_view device,
                         const DeviceOptions& options, const std::string& name)
    : settings_(settings_of(checkpoint)),
      score_(&score_of(checkpoint)),
      backend_(make_backend(device, options)),
      scorer_(scorer_for(*score_, checkpoint, *backend_, options.threads)) {
  if (score_->fit == nullptr) return;
  // Only the score knows which arrays it needs and of what shape: an image finds out.
  try {
    detect(std::vector<std::uint8_t>(static_cast<std::size_t>(image_shape().elements())));
  } catch (const Error& error) {
    fail("{} cannot be used as a detector: {}", name, error.what());
  }
}

OodDetector::OodDetector(OodDetector&&) noexcept = default;
OodDetector& OodDetector::operator=(OodDetector&&) noexcept = default;
OodDetector::~OodDetector() = default;

template <class Pixel, class Use>
void OodDetector::in_batches(std::span<const Pixel> images, PixelLayout layout, const Use& use) {
  const ImageShape& shape = image_shape();
  const auto elements = static_cast<std::size_t>(shape.elements());
  require(images.size() % elements == 0,
          "{} pixels are not a whole number of images of {} x {} x {}", images.size(),
          shape.channels, shape.side, shape.side);
  const std::size_t at_once = static_cast<std::size_t>(preferred_batch()) * elements;
  for (std::size_t begin = 0; begin < images.size(); begin += at_once) {
    const auto part = images.subspan(begin, std::min(at_once, images.size() - begin));
    batch_.resize(part.size());
    to_planes(part, layout, shape, batch_.data());
    scorer_->normalise(batch_);
    use(part);
  }
}

template <class Pixel>
std::vector<Verdict> OodDetector::detect_pixels(std::span<const Pixel> images, PixelLayout layout) {
  std::vector<OdinParameters> parameters;
  if (score_->uses_odin_parameters) {
    parameters.push_back({settings_.temperature, settings_.magnitude});
  }
  std::vector<Verdict> verdicts;
  verdicts.reserve(images.size() / static_cast<std::size_t>(image_shape().elements()));
  in_batches(images, layout, [&](std::span<const Pixel> /*pixels*/) {
    const Scores scores = scorer_->score(batch_, parameters);
    for (std::size_t i = 0; i < scores.predictions.size(); ++i) {
      const double score = scores.of(*score_)[i];
      // Absurd values that it has learnt can do that, and would reject every image.
      require(!std::isnan(score), "an image's score ({}) is not a number", score_->name);
      verdicts.push_back({.predicted_class = scores.predictions[i],
                          .probability = scores.of(detectors::kBaseline)[i],
                          .score = score,
                          .in_distribution = score >= settings_.threshold});
    }
  });
  return verdicts;
}

template <class Pixel>
std::vector<Explanation> OodDetector::explain_pixels(std::span<const Pixel> images,
                                                     PixelLayout layout) {
  const auto magnitude = static_cast<float>(score_->uses_odin_parameters ? settings_.magnitude : 0);
  const auto elements = static_cast<std::size_t>(image_shape().elements());
  std::vector<Explanation> explanations;
  in_batches(images, layout, [&](std::span<const Pixel> pixels) {
    const std::vector<float> gradient =
        scorer_->gradient(batch_, score_->objective, settings_.temperature);
    for (std::size_t begin = 0; begin < pixels.size(); begin += elements) {
      Explanation explanation;
      explanation.perturbed.resize(elements);
      to_planes(pixels.subspan(begin, elements), layout, image_shape(),
                explanation.perturbed.data());
      for (std::size_t i = 0; i < elements; ++i) {
        const std::int8_t sign = gradient[begin + i] >= 0 ? 1 : -1;
        explanation.gradient_sign.push_back(sign);
        explanation.perturbed[i] -= magnitude * static_cast<float>(sign);
      }
      explanations.push_back(std::move(explanation));
    }
  });
  return explanations;
}

std::vector<Verdict> OodDetector::detect(std::span<const std::uint8_t> images, PixelLayout layout) {
  return detect_pixels(images, layout);
}

std::vector<Verdict> OodDetector::detect(std::span<const float> images, PixelLayout layout) {
  return detect_pixels(images, layout);
}

std::vector<Explanation> OodDetector::explain(std::span<const std::uint8_t> images,
                                              PixelLayout layout) {
  return explain_pixels(images, layout);
}

std::vector<Explanation> OodDetector::explain(std::span<const float> images, PixelLayout layout) {
  return explain_pixels(images, layout);
}

}  // namespace odin
