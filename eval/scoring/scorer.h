// Scores images with a trained network: ODIN, and what the same passes give beside it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kernels/backend.h"
#include "weights/checkpoint.h"

namespace odin {

// ODIN's two parameters (Liang et al. 2018, section 3).
struct OdinParameters {
  double temperature = 1000;  // > 0
  double magnitude = 0;       // >= 0, of the perturbation, in units of pixels in 0..1
  bool operator==(const OdinParameters&) const = default;
};

// Scores of some images. The larger a score, the more the image looks like the in-distribution.
struct Scores {
  // Maximum softmax probability (Hendrycks & Gimpel, "A baseline for detecting misclassified and
  // out-of-distribution examples in neural networks", ICLR 2017).
  std::vector<double> baseline;
  // Maximum logit (Hendrycks et al. 2022) and negative free energy at T = 1 (Liu et al. 2020); see
  // eval/scoring/scores.h.
  std::vector<double> max_logit;
  std::vector<double> energy;
  // One vector per OdinParameters: the maximum softmax probability at the temperature of the
  // perturbed image (Liang et al. 2018, equations 1 and 2).
  std::vector<std::vector<double>> odin;
  // Predicted classes of the unperturbed images.
  std::vector<std::int32_t> predictions;

  void append(const Scores& more);
};

class Scorer {
 public:
  // Compiles the checkpoint's network for the back end, which must outlive the scorer. Throws Error
  // for a checkpoint that is not valid.
  Scorer(const Checkpoint& checkpoint, Backend& backend);
  // The same with the network compiled by the caller, for a device of this name.
  Scorer(const Checkpoint& checkpoint, std::unique_ptr<PlanExecutor> executor, std::string device);

  int num_classes() const { return num_classes_; }
  // Images to give to score() at once so that the device is kept busy.
  std::int64_t preferred_batch() const { return executor_->preferred_batch(); }
  // What runs: "DenseNet-BC-100 on cpu: ...".
  std::string description() const;

  // (pixels - mean) / std per channel, in place; pixels (n, 3, 32, 32) in 0..1.
  void normalise(std::span<float> pixels) const;

  // Scores of n normalised images (n, 3, 32, 32), in host memory. Parameters that share a
  // temperature share one gradient, and a magnitude of 0 costs nothing. The scores of an image
  // depend neither on n nor on the other images. Throws Error for parameters out of range and where
  // the network's output is not finite.
  Scores score(std::span<const float> images, std::span<const OdinParameters> parameters);

 private:
  struct Pass {  // of the executor for one temperature
    double temperature;
    std::vector<double> magnitudes;
  };

  std::vector<Pass> passes_of(std::span<const OdinParameters> parameters) const;
  std::vector<OdinSetting> settings_of(const std::vector<Pass>& passes) const;

  std::string network_;
  std::string device_;
  int num_classes_;
  std::array<float, 3> mean_;
  std::array<float, 3> std_;
  std::unique_ptr<PlanExecutor> executor_;
  // Kept from call to call so that nothing is allocated in the steady state.
  std::vector<float> logits_;
  std::vector<float> perturbed_;
};

}  // namespace odin
