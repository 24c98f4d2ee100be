// A convolution of a batch's images by our own kernels, or its gradient in the input, for one
// training step: groups of images are computed one by one.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/convolution_sizes.h"
#include "kernels/cpu/caches.h"
#include "kernels/cpu/images.h"
#include "kernels/cpu/micro/kernel_table.h"
#include "kernels/cpu/scratch.h"
#include "kernels/cpu/training/packed_weights.h"

namespace odin::cpu {

// z = scale x + shift of every channel, then a ReLU: what a kernel does to its input.
struct Prologue {
  const float* scale = nullptr;  // null: nothing
  const float* shift = nullptr;
};

// Images that one call of ImageConvolution takes, at most: more of small images, and more if the
// weights are large.
std::int64_t images_at_once(const ConvolutionSizes& sizes, const Blocks& blocks);

class ImageConvolution {
 public:
  // kForward or kBackwardData, with the weights of that pass.
  ImageConvolution(ConvolutionPass pass, const ConvolutionSizes& sizes, const KernelTable& kernels,
                   const Blocks& blocks, const PackedWeights& weights);

  // The memory of one thread.
  struct Worker {
    Scratch workspace;
    Scratch staged_in;
    Scratch staged_out;
  };

  // out = the result of `images` images. The planes of `out` are out_plane floats apart.
  void run(Worker& worker, std::int64_t images, Images<const float> in, const Prologue& prologue,
           Images<float> out, std::int64_t out_plane) const;

  // Whether pass_on() can be called. Of a backward pass.
  bool passes_on() const;
  // The same, but the results go on as `open` says.
  void pass_on(Worker& worker, std::int64_t images, Images<const float> in,
               const OpenGradient& open) const;

 private:
  // The task for these images, but for where its results go.
  ConvolutionTask task_for(Worker& worker, std::int64_t images, Images<const float> in) const;

  const KernelTable& kernels_;
  const ConvolutionKernel& kernel_;
  ConvolutionTask task_;
  std::int64_t in_pixels_;
  std::int64_t out_pixels_;
};

}  // namespace odin::cpu
