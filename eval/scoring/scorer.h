// Scores images with a trained network, by every detector or by some.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "eval/scoring/detectors/registry.h"
#include "eval/scoring/odin_parameters.h"
#include "eval/scoring/scores.h"
#include "kernels/backend.h"
#include "kernels/thread_pool.h"
#include "weights/checkpoint.h"

namespace odin {

class Scorer {
 public:
  // Compiles the checkpoint's network for the back end, which must outlive the scorer. Detectors
  // are constants, and outlive all. Throws Error for an invalid checkpoint.
  Scorer(const Checkpoint& checkpoint, Backend& backend,
         std::span<const Detector* const> detectors = default_detectors());
  // With a network that the caller has compiled, and prepared for a device of this name.
  Scorer(const Checkpoint& checkpoint, const Plan& plan, std::unique_ptr<PlanExecutor> executor,
         std::string device, std::span<const Detector* const> detectors = default_detectors());

  // Of the images that score() takes.
  const ImageShape& image_shape() const { return image_; }
  int num_classes() const { return num_classes_; }
  // One per class, or none where the checkpoint has no names.
  const std::vector<std::string>& class_names() const { return class_names_; }
  // Those that score() computes, in this order.
  std::span<const Detector* const> detectors() const { return detectors_; }
  // The number of images that score() needs at once to keep the device busy.
  std::int64_t preferred_batch() const { return executor_->preferred_batch(); }
  // The network and what runs it: "DenseNet-BC-100 on cpu: ...".
  std::string description() const;

  // Gives a detector of its what it has learnt; score() needs it of every detector that is fitted.
  // Throws Error if a value is not finite, and for a detector that is not its own or is not fitted.
  void set_fit(const Detector& detector, std::shared_ptr<const DetectorFit> fit);
  // By the detectors' order; nullptr where there is none.
  std::span<const std::shared_ptr<const DetectorFit>> fits() const { return fits_; }
  // Computes its scores no longer. Throws Error for a detector that is not its own.
  void leave_out(const Detector& detector);
  // The number of threads that compute scores from the network's outputs: 1 unless this was called.
  // No score depends on it.
  void use_threads(int threads);

  // (pixels - mean) / std per channel, in place; pixels (n, channels, side, side) in 0..1. Any
  // number of threads may call it at once. Images are normalised nowhere else for scoring.
  void normalise(std::span<float> pixels) const;

  // Scores of n normalised images (n, channels, side, side), in host memory, by its detectors.
  // Those that share an objective share one gradient per temperature, and a magnitude of 0 costs
  // nothing. An image's scores depend neither on n nor on the other images. Throws Error for
  // parameters out of range and if the network's output is not finite.
  Scores score(std::span<const float> images, std::span<const OdinParameters> parameters);
  // Of the unchanged images of the last call of score(), run() or gradient(), (n, classes). Valid
  // until the next one.
  std::span<const float> logits() const { return logits_; }
  // What score() has spent so far on an image for a detector of its, in milliseconds, beside the
  // network's passes. 0 before any image.
  double milliseconds(const Detector& detector) const;
  // What the perturbation of a detector with these parameters takes beside the forward pass that
  // all share, in milliseconds for each of n normalised images: measured now, by passes of both
  // kinds. Throws Error as score() does.
  double perturbation_milliseconds(std::span<const float> images, const Detector& detector,
                                   const OdinParameters& parameters);

  // What the network alone gives for n normalised images: logits and, if one of the detectors is
  // fitted or uses features, those and the classifier. Valid until the next call. Throws Error as
  // score() does.
  NetworkOutputs run(std::span<const float> images);
  // Outputs of this network that somebody kept, with its classifier.
  NetworkOutputs network_outputs(std::span<const float> logits,
                                 std::span<const float> features) const;

  // What ODIN takes the sign of: for n normalised images, the gradient (n, channels, side, side) of
  // the objective in the image. Each image's may be scaled by a positive factor. Throws Error as
  // score() does for the images and the temperature.
  std::vector<float> gradient(std::span<const float> images, OdinObjective objective,
                              double temperature);

 private:
  struct Pass {  // of the executor for one gradient
    OdinObjective objective;
    double temperature;
    std::vector<double> magnitudes;

    // Whether its gradient is that of this objective at this temperature.
    bool is_of(OdinObjective wanted, double at) const {
      return objective == wanted && (temperature == at || !has_temperature(objective));
    }
  };

  Scorer(const Checkpoint& checkpoint, const Plan& plan, Backend& backend,
         std::span<const Detector* const> detectors);

  // Its place among the detectors. Throws Error if it is not its own.
  std::size_t index_of(const Detector& detector) const;
  // How many they are. Throws Error if that is no whole number, and for a pixel that is not finite.
  std::size_t count_of(std::span<const float> images) const;
  // The passes for those of the detectors that perturb images.
  std::vector<Pass> passes_of(std::span<const Detector* const> detectors,
                              std::span<const OdinParameters> parameters) const;
  std::vector<OdinSetting> settings_of(const std::vector<Pass>& passes) const;
  // Runs the passes: fills logits_, perturbed_ and features_.
  void run_passes(std::span<const float> images, const std::vector<Pass>& passes);
  // Calls detector.score() for parts of the images on all threads.
  void score_in_parts(const Detector& detector, const NetworkOutputs& outputs,
                      std::span<double> scores);
  // The logits (n, classes) of the images that were perturbed against the objective with these
  // parameters.
  std::span<const float> perturbed_logits(const std::vector<Pass>& passes, OdinObjective objective,
                                          const OdinParameters& parameters) const;

  std::string network_;
  std::string device_;
  int num_classes_;
  std::vector<std::string> class_names_;
  ImageShape image_;
  std::vector<float> mean_;
  std::vector<float> std_;
  std::unique_ptr<PlanExecutor> executor_;
  std::vector<const Detector*> detectors_;
  std::vector<std::vector<double>> options_;  // one vector for each detector
  std::vector<std::shared_ptr<const DetectorFit>> fits_;
  std::unique_ptr<ThreadPool> threads_;
  // The classifier, and how many features it reads. Empty and 0 if no detector uses features.
  int feature_count_ = 0;
  std::vector<float> weights_;
  std::vector<float> bias_;
  // Time that was spent, on how many images.
  struct Cost {
    double seconds = 0;
    double images = 0;
    double milliseconds() const { return images > 0 ? 1000 * seconds / images : 0; }
  };
  std::vector<Cost> costs_;  // one for each detector
  // Kept from call to call so that nothing is allocated in the steady state.
  std::vector<float> logits_;
  std::vector<float> perturbed_;
  std::vector<float> features_;
};

}  // namespace odin
