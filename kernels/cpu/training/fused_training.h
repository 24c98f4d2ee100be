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
    Scratch results;  // of some images: what a kernel measures, or the gradient of its input
  };
  // Of one channel of an image, x.
  struct PlaneStatistics {
    double mean = 0;
    double squared_deviations = 0;  // the sum of (x - mean)^2
  };
  // Of one channel of an image: with d the gradient of a normalised input where its ReLU is open,
  // else 0, the sums of d and of d (x - mean).
  struct OpenSums {
    double d = 0;
    double d_centred = 0;
  };

  class BackwardPass;  // convolution_backward.cpp

  ODIN_FUSED_TRAINING_STEPS(override)

  // The prologue's factors, valid until the next call.
  Prologue prologue_of(const NormalisedInput& in);
  // A 1x1 convolution of images [first, end), with its weights packed. Sets the statistics of
  // the results' planes, as measure_image() does.
  void run_pointwise(const NormalisedInput& in, const Prologue& prologue, TensorView y,
                     const float* weights, std::int64_t first, std::int64_t end, int worker);
  // Sets the statistics of the planes of an image of x.
  void measure_image(Images<const float> x, std::int64_t channels, std::int64_t pixels,
                     std::int64_t n);
  // The statistics of all channels, from those of all planes.
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
  std::vector<PlaneStatistics> planes_;  // (N, C)
  std::vector<OpenSums> open_sums_;      // (N, C)
  std::vector<double> means_;            // (C)
  std::vector<double> squares_;          // (C)
};

}  // namespace odin::cpu
