#include "tools/python/network.h"

#include <utility>

#include "eval/scoring/detectors/registry.h"
#include "tools/python/numpy_array.h"

namespace odin::python {

namespace nb = nanobind;

ScoringNetwork::ScoringNetwork(const std::filesystem::path& file, const std::string& device,
                               const DeviceOptions& options)
    : ScoringNetwork(read_checkpoint(file), device, options) {}

ScoringNetwork::ScoringNetwork(Checkpoint checkpoint, const std::string& device,
                               const DeviceOptions& options)
    : checkpoint_(std::move(checkpoint)),
      backend_(make_backend(device, options)),
      scorer_(checkpoint_, *backend_) {}

Images ScoringNetwork::look_at(const nb::object& images) const {
  return images_from(images, scorer_.image_shape());
}

template <class Take>
void ScoringNetwork::score(const Images& images, std::span<const OdinParameters> parameters,
                           Take take) {
  for_each_part(images, scorer_.preferred_batch(), mutex_,
                [&](const auto& pixels, PixelLayout layout) {
                  batch_.resize(pixels.size());
                  to_planes(pixels, layout, scorer_.image_shape(), batch_.data());
                  scorer_.normalise(batch_);
                  take(scorer_.score(batch_, parameters));
                });
}

nb::dict ScoringNetwork::scores(const nb::object& images, const OdinParameters& parameters) {
  Scores all(1);
  score(look_at(images), std::span(&parameters, 1), [&](const Scores& part) { all.append(part); });
  nb::dict by_name;
  for (std::size_t d = 0; d < default_detectors().size(); ++d) {
    const std::string_view name = default_detectors()[d]->name;
    std::vector<double>& of_images = all.per_detector[d].front();
    const std::size_t count = of_images.size();
    by_name[nb::str(name.data(), name.size())] = to_numpy<double>(std::move(of_images), {count});
  }
  return by_name;
}

nb::object ScoringNetwork::logits(const nb::object& images) {
  std::vector<float> all;
  score(look_at(images), {}, [&](const Scores&) {
    all.insert(all.end(), scorer_.logits().begin(), scorer_.logits().end());
  });
  const auto classes = static_cast<std::size_t>(scorer_.num_classes());
  const std::size_t count = all.size() / classes;
  return to_numpy<float>(std::move(all), {count, classes});
}

}  // namespace odin::python
