#include "tools/python/network.h"

#include <algorithm>
#include <utility>

#include "eval/scoring/detectors/registry.h"
#include "kernels/error.h"
#include "tools/python/numpy_array.h"

namespace odin::python {

namespace nb = nanobind;

namespace {

// Each once, in the order of their names.
std::vector<const Detector*> chosen_detectors(
    const std::optional<std::vector<std::string>>& names) {
  if (!names) return {default_detectors().begin(), default_detectors().end()};
  std::vector<const Detector*> chosen;
  for (const std::string& name : *names) {
    const Detector* detector = &detector_named(name);
    require(detector->fit == nullptr,
            "the score {} must learn from training images first: odin_calibrate makes a detector "
            "of it, which odin.Detector reads",
            detector->name);
    if (std::ranges::find(chosen, detector) == chosen.end()) chosen.push_back(detector);
  }
  require(!chosen.empty(), "no score was asked for");
  return chosen;
}

}  // namespace

ScoringNetwork::ScoringNetwork(const std::filesystem::path& file, const std::string& device,
                               const DeviceOptions& options)
    : ScoringNetwork(read_checkpoint(file), device, options) {}

ScoringNetwork::ScoringNetwork(Checkpoint checkpoint, const std::string& device,
                               const DeviceOptions& options)
    : checkpoint_(std::move(checkpoint)),
      backend_(make_backend(device, options)),
      scorer_(checkpoint_, *backend_),
      threads_(options.threads) {
  scorer_.use_threads(threads_);
}

Images ScoringNetwork::look_at(const nb::object& images) const {
  return images_from(images, scorer_.image_shape());
}

Scorer& ScoringNetwork::scorer_of(std::span<const Detector* const> detectors) {
  if (std::ranges::equal(detectors, scorer_.detectors())) return scorer_;
  if (!chosen_ || !std::ranges::equal(detectors, chosen_->detectors())) {
    chosen_.reset();  // first: a prepared network takes memory
    chosen_ = std::make_unique<Scorer>(checkpoint_, *backend_, detectors);
    chosen_->use_threads(threads_);
  }
  return *chosen_;
}

template <class Take>
void ScoringNetwork::score(const Images& images, std::span<const OdinParameters> parameters,
                           std::span<const Detector* const> detectors, Take take) {
  for_each_part(images, scorer_.preferred_batch(), mutex_,
                [&](const auto& pixels, PixelLayout layout) {
                  batch_.resize(pixels.size());
                  to_planes(pixels, layout, scorer_.image_shape(), batch_.data());
                  scorer_.normalise(batch_);
                  take(scorer_of(detectors).score(batch_, parameters));
                });
}

nb::dict ScoringNetwork::scores(const nb::object& images, const OdinParameters& parameters,
                                const std::optional<std::vector<std::string>>& names) {
  std::vector<const Detector*> detectors = chosen_detectors(names);
  Scores all(1, detectors);
  score(look_at(images), std::span(&parameters, 1), detectors,
        [&](const Scores& part) { all.append(part); });
  nb::dict by_name;
  for (std::size_t d = 0; d < detectors.size(); ++d) {
    const std::string_view name = detectors[d]->name;
    std::vector<double>& of_images = all.per_detector[d].front();
    const std::size_t count = of_images.size();
    by_name[nb::str(name.data(), name.size())] = to_numpy<double>(std::move(of_images), {count});
  }
  return by_name;
}

nb::object ScoringNetwork::logits(const nb::object& images) {
  std::vector<float> all;
  score(look_at(images), {}, scorer_.detectors(), [&](const Scores&) {
    all.insert(all.end(), scorer_.logits().begin(), scorer_.logits().end());
  });
  const auto classes = static_cast<std::size_t>(scorer_.num_classes());
  const std::size_t count = all.size() / classes;
  return to_numpy<float>(std::move(all), {count, classes});
}

}  // namespace odin::python
