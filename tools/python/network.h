// odin.Network: a network of which Python asks for scores.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nanobind/nanobind.h>

#include "eval/scoring/scorer.h"
#include "kernels/backend.h"
#include "kernels/device.h"
#include "tools/python/images.h"
#include "weights/checkpoint.h"

namespace odin::python {

class ScoringNetwork {
 public:
  // Throws Error as read_checkpoint(), make_backend() and the Scorer do.
  ScoringNetwork(const std::filesystem::path& file, const std::string& device,
                 const DeviceOptions& options);
  ScoringNetwork(Checkpoint checkpoint, const std::string& device, const DeviceOptions& options);

  const Checkpoint& checkpoint() const { return checkpoint_; }
  const Scorer& scorer() const { return scorer_; }

  // Any number of threads may call these two; one at a time computes. They throw as images_from(),
  // to_planes() and Scorer::score() do.
  //
  // The scores of n images by the detectors of these names, or by default_detectors(): each one's
  // name, and an array (n) of float64. Throws Error also for a name that detector_named() refuses,
  // and for a detector that must be fitted.
  nanobind::dict scores(const nanobind::object& images, const OdinParameters& parameters,
                        const std::optional<std::vector<std::string>>& names);
  // The logits of n images, an array (n, classes) of float32.
  nanobind::object logits(const nanobind::object& images);

 private:
  Images look_at(const nanobind::object& images) const;
  // A scorer of these detectors. Needs the mutex.
  Scorer& scorer_of(std::span<const Detector* const> detectors);
  // Calls take(scores of a part by these detectors), in order.
  template <class Take>
  void score(const Images& images, std::span<const OdinParameters> parameters,
             std::span<const Detector* const> detectors, Take take);

  Checkpoint checkpoint_;
  std::unique_ptr<Backend> backend_;
  Scorer scorer_;
  int threads_ = 0;
  std::mutex mutex_;  // guards what is below, and the scorer
  // Of other detectors than the default ones: those that were asked for last.
  std::unique_ptr<Scorer> chosen_;
  std::vector<float> batch_;  // normalised images, kept from call to call
};

}  // namespace odin::python
