// The CPU's kernels of training on a batch, as training calls them, with their expected results.
#pragma once

#include <string>
#include <vector>

#include "kernels/cpu/memory.h"
#include "kernels/cpu/micro/kernel_table.h"
#include "kernels/cpu/scratch.h"
#include "kernels/cpu/training/filter_sums.h"
#include "kernels/cpu/training/image_convolution.h"
#include "kernels/thread_pool.h"
#include "tools/bench/convolution_problem.h"

namespace odin::bench {

// A convolution of h = relu(scale x + shift) of a batch, and its gradients. (The first convolution
// of a network is one of x itself.) A 1x1 convolution of stride 1 has kernels of its own; of any
// other the gradient in the weights does.
class TrainingKernels {
 public:
  // The kernels refer to this object, so that it must not move.
  TrainingKernels(const Shape& shape, const cpu::KernelTable& kernels);
  TrainingKernels(const TrainingKernels&) = delete;
  TrainingKernels& operator=(const TrainingKernels&) = delete;

  struct Kernel {
    std::string name;
    bool winograd;
    double multiply_adds;  // of the plain convolutions that it computes
    void (*run)(TrainingKernels&);
    // The largest relative error of its results, in the Euclidean norm: those in the planes of the
    // first image, and the gradient in the weights of a few channels.
    double (*error)(TrainingKernels&);
  };
  const std::vector<Kernel>& kernels() const { return list_; }
  const Shape& shape() const { return shape_; }  // with the images of the batch

 private:
  void forward();
  double forward_error();
  void gradient();
  double gradient_error();
  template <ConvolutionAlgorithm kAlgorithm>
  void filter();
  template <ConvolutionAlgorithm kAlgorithm>
  double filter_error();

  // The error of dw_, which a kernel has added to zeros.
  double weights_error() const;
  double hidden(std::int64_t image, int channel, int pixel) const;
  double result_gradient(std::int64_t image, int channel, int pixel) const;

  Shape shape_;
  ConvolutionSizes sizes_;
  const cpu::KernelTable& table_;
  cpu::Blocks blocks_ = cpu::blocks_for(cpu::second_level_cache());
  ThreadPool pool_{1};
  std::vector<Kernel> list_;

  cpu::FloatMemory x_, dy_;
  std::vector<float> w_;
  std::vector<float> scale_, shift_, mean_;               // (inputs)
  std::vector<float> out_mean_, out_offset_, out_slope_;  // (outputs)
  cpu::FloatMemory y_, dx_;                               // results
  std::vector<float> dw_, measured_, open_sums_;
  cpu::Prologue prologue_;
  cpu::Scratch packed_forward_, packed_backward_, workspace_;
  cpu::FilterMemory filter_memory_;
  const float* forward_weights_ = nullptr;
  const float* backward_weights_ = nullptr;
};

}  // namespace odin::bench
