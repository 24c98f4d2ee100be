// Plans with random weights: the two networks of the paper, and small ones of awkward shapes.
#pragma once

#include <cstdint>
#include <random>

#include "kernels/plan.h"

namespace odin::test {

// Channels [begin, begin + channels) of a slice.
PlanSlice part(PlanSlice slice, int begin, int channels);

// Adds steps with random weights to a plan, scaled so that activations keep their size.
class RandomPlan {
 public:
  RandomPlan(const char* name, std::uint32_t seed) : random_(seed) { plan_.name = name; }

  // A buffer, and all of it as a slice.
  PlanSlice buffer(int channels, int height, int width);
  // The buffer where the image goes.
  PlanSlice input(int channels, int height, int width);

  struct Options {
    int kernel = 1;
    int stride = 1;
    int padding = 0;
    bool prologue = true;
    bool bias = false;
    bool relu = false;
    const PlanSlice* residual = nullptr;
  };
  PlanConvolution& convolution(const PlanSlice& input, const PlanSlice& output,
                               const Options& options);
  PlanPool& pool(const PlanSlice& input, const PlanSlice& output, int window, int stride,
                 bool prologue);
  PlanNormalise& normalise(const PlanSlice& input, const PlanSlice& output, bool relu);
  // The last step.
  Plan linear(const PlanSlice& input, int classes);

 private:
  std::vector<float> values(std::int64_t count, double mean, double deviation);
  Normalisation normalisation(int channels, bool relu);

  Plan plan_;
  std::mt19937 random_;
};

// DenseNet-BC-100 (growth rate 12) and WRN-28-10 for 3 x 32 x 32, as the compiler of networks makes
// them: batch norms after a convolution folded into it, transitions that pool first.
Plan random_densenet(std::uint32_t seed);
Plan random_wide_resnet(std::uint32_t seed);

// n images of the plan's input, standard normal.
std::vector<float> random_images(const Plan& plan, std::int64_t n, std::uint32_t seed);

}  // namespace odin::test
