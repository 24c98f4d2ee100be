// kernels/fused_training.h on the processor: a thread carries images through a whole step, so that
// what one kernel writes the next one finds in its cache.
#pragma once

#include <vector>

#include "kernels/cpu/micro/kernel_table.h"
#include "kernels/cpu/scratch.h"
#include "kernels/cpu/training/filter_sums.h"
#include "kernels/cpu/training/image_convolution.h"
#include "kernels/fused_training.h"
#include "kernels/thread_pool.h"

namespace odin::cpu {

class CpuFusedTraining final : public FusedTraining {
 public:
  // The pool and the kernels must outlive this.
  CpuFusedTraining(const KernelTable& kernels, ConvolutionAlgorithm algorithm, const Blocks& blocks,
                   ThreadPool& pool);

 private:
  struct Worker {
    ImageConvolution::Worker convolution;
    Scratch gradient;  // of the normalised input of some images, or what a kernel measures
  };
  // Sums over an image's channel, for the statistics or for the gradients of a batch norm.
  struct PlaneSums {
    double first = 0;
    double second = 0;
  };

  class BackwardPass;  // convolution_backward.cpp

  ODIN_FUSED_TRAINING_STEPS(override)

  // The prologue's factors, valid until the next call.
  Prologue prologue_of(const NormalisedInput& in);
  // A 1x1 convolution of images [first, end), with its weights packed. Sets their plane sums as
  // measure_image() does.
  void run_pointwise(const NormalisedInput& in, const Prologue& prologue, TensorView y,
                     const float* weights, std::int64_t first, std::int64_t end, int worker);
  // Sets the plane sums of an image of x to its planes' means and squared deviations.
  void measure_image(Images<const float> x, std::int64_t channels, std::int64_t pixels,
                     std::int64_t n);
  // The statistics of all channels, from the plane sums of all images.
  void merge_statistics(std::int64_t images, std::int64_t channels, std::int64_t pixels,
                        double epsilon, const ChannelStatistics& statistics);

  const KernelTable& kernels_;
  ConvolutionAlgorithm algorithm_;
  Blocks blocks_;
  ThreadPool& pool_;
  std::vector<Worker> workers_;
  FilterMemory filter_;
  Scratch packed_;
  std::vector<float> scales_;
  std::vector<float> shifts_;
  std::vector<PlaneSums> sums_;  // (N, C)
  std::vector<double> means_;    // (C)
  std::vector<double> squares_;  // (C)
};

}  // namespace odin::cpu
