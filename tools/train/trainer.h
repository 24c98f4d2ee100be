// Trains a network step by step.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "tools/train/images/image_set.h"
#include "tools/train/loss_scale.h"
#include "tools/train/recipe.h"
#include "tools/train/sgd.h"

namespace odin::training {

// Sums over the images of some steps.
struct Tally {
  double loss = 0;  // cross entropy
  std::int64_t errors = 0;
  std::int64_t images = 0;

  double mean_loss() const { return loss / static_cast<double>(images); }
  double error() const { return static_cast<double>(errors) / static_cast<double>(images); }
};

class Trainer {
 public:
  // Starts with initial_parameters() of the recipe's seed. `images` and the back end must outlive
  // the trainer. Throws Error as validate(recipe) does, and if the images have another shape than
  // the network's.
  Trainer(const Architecture& architecture, const Recipe& recipe, const ImageSet& images,
          Backend& backend);

  std::int64_t per_epoch() const { return per_epoch_; }
  std::int64_t steps() const { return steps_; }
  std::int64_t steps_done() const { return step_; }
  bool done() const { return step_ >= steps_; }
  double next_rate() const { return learning_rate(recipe_, step_, per_epoch_); }

  // One batch: forward, backward, update. If the back end stores activations in fp16, the loss is
  // scaled, and a step whose gradients overflow changes only the scale and the running statistics.
  // Throws Error if the loss or running statistics are not finite, and if gradients overflow even
  // unscaled, with the step, the rate and the first layer whose values are not finite. The
  // parameters are useless then.
  Tally step();

  // Runs a set through the network in evaluation mode, with the image size that training uses at
  // the moment.
  Tally evaluate(const ImageSet& images);

  ParameterMap parameters() const { return network_->parameters(); }
  ParameterMap velocities() const { return sgd_->velocities(); }
  // The initial one, unless activations are stored in fp16.
  const LossScale& loss_scale() const { return loss_scale_; }
  // Continues after `steps` steps, as if they had been done here.
  void restore(std::int64_t steps, const ParameterMap& parameters, const ParameterMap& velocities,
               const LossScale& loss_scale = {});

 private:
  int image_size() const;
  void use_image_size();
  void load_epoch(std::int64_t epoch);
  ConstTensorView load(const ImageSet& images, const Augmentation& augmentation, RandomKey key,
                       ConstTensorView indices);
  Tally tally(ConstTensorView logits, ConstTensorView labels);
  enum class Values { kGradients, kStatistics };
  bool are_finite(Values values);
  [[noreturn]] void fail_at_step(double loss);

  Architecture architecture_;
  Recipe recipe_;
  const ImageSet& images_;
  Backend& backend_;
  std::int64_t per_epoch_;
  std::int64_t steps_;
  std::int64_t half_size_steps_;
  std::int64_t step_ = 0;
  bool scales_loss_;
  LossScale loss_scale_;
  std::int64_t epoch_ = -1;  // its order and labels are loaded
  Tensor order_;             // of the epoch's images, (M) int32
  Tensor labels_;            // in that order
  Tensor batch_;             // (N, channels, side, side)
  Tensor halved_;            // of half the side, if needed
  Tensor loss_;
  Tensor predictions_;
  Tensor dlogits_;
  Tensor not_finite_;     // (1) int32, if the loss is scaled
  int network_size_ = 0;  // of the network's images
  std::unique_ptr<Network> network_;
  std::unique_ptr<Sgd> sgd_;
};

}  // namespace odin::training
