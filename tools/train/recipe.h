// How to train a network: the papers' recipes, and the learning rate of every step.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/backend.h"

namespace odin::training {

enum class Schedule : std::uint8_t {
  kStep,   // divided at milestones
  kCosine  // half a cosine down to zero (Loshchilov & Hutter 2017, without restarts)
};

// Stochastic gradient descent with momentum: everything that its result depends on, except for the
// network, the images and the order of additions.
struct Recipe {
  double epochs = 300;
  // The number of first epochs that use images averaged to half their size. Each needs a quarter of
  // the work.
  double half_size_epochs = 0;
  std::int64_t batch_size = 64;
  double learning_rate = 0.1;
  double warmup_epochs = 0;  // the rate grows linearly from zero
  Schedule schedule = Schedule::kStep;
  std::vector<double> milestones = {0.5, 0.75};  // of kStep, as fractions of all epochs
  double decay = 0.1;                            // at each milestone
  double momentum = 0.9;
  bool nesterov = true;
  double weight_decay = 1e-4;  // of every parameter
  double dropout = 0;
  Augmentation augmentation{4, true};
  std::uint64_t seed = 0;
};

// "densenet" (Huang et al. 2017, section 4.2: 300 epochs in batches of 64, rate 0.1 divided by 10
// at 1/2 and 3/4, weight decay 1e-4), "wrn" (Zagoruyko & Komodakis 2016, section 3: 200 epochs in
// batches of 128, rate 0.1 times 0.2 after 60, 120 and 160, weight decay 5e-4) or "fast" (a few
// epochs for a short while on a device: cosine with warm-up). Throws Error for another name.
Recipe preset(std::string_view name);

// Throws Error, which names the option of tools/train, for a value out of range.
void validate(const Recipe& recipe);

// Steps per epoch of `images` images: whole batches only. Throws Error if there is not even one.
std::int64_t steps_per_epoch(const Recipe& recipe, std::int64_t images);
// The number of steps in `epochs` epochs, rounded to a whole number.
std::int64_t steps_of(double epochs, std::int64_t per_epoch);

// The learning rate of a step in [0, all steps).
double learning_rate(const Recipe& recipe, std::int64_t step, std::int64_t per_epoch);

// In words, for a checkpoint's `source`: "2 epochs in batches of 64, rate 0.1 with a cosine
// schedule,
// ...".
std::string describe(const Recipe& recipe);

// As JSON, with every member.
std::string to_json(const Recipe& recipe);

}  // namespace odin::training
