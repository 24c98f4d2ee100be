// A 1x1 convolution as the plan of a DenseNet has it, forward and backward, with its expected
// results.
#pragma once

#include <vector>

#include "kernels/cpu/memory.h"
#include "kernels/cpu/micro/kernel_table.h"
#include "tools/bench/convolution_problem.h"

namespace odin::bench {

// Forward y = relu(w relu(scale x + shift) + bias), which writes the masks of both ReLUs. Backward
// dx += the gradient, which reads them.
class FusedPointwise {
 public:
  FusedPointwise(const Problem& problem, const cpu::KernelTable& kernels);

  void forward() const { run_(forward_); }
  void backward() const { run_(backward_); }
  // Run the kernel; the relative error of the first image, in the Euclidean norm.
  double forward_error() const;
  double backward_error() const;

 private:
  cpu::FloatMemory allocate_mask(const cpu::Planes& of, int channels, cpu::MaskPlanes& mask) const;
  cpu::FloatMemory pack(bool backward) const;
  double hidden(int channel, int pixel) const;

  const Problem& problem_;
  const cpu::KernelTable& kernels_;
  std::vector<float> scale_, shift_;  // (inputs)
  std::vector<float> bias_;           // (outputs)
  cpu::ConvolutionTask forward_, backward_;
  cpu::FloatMemory in_, out_, in_mask_, out_mask_, gradient_, in_gradient_;
  cpu::FloatMemory forward_weights_, backward_weights_, workspace_;
  void (*run_)(const cpu::ConvolutionTask&);
};

}  // namespace odin::bench
