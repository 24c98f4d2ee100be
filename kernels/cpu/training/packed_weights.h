// The weights of a convolution, packed for our own kernels. Training packs them anew in every step.
#pragma once

#include "kernels/convolution.h"
#include "kernels/convolution_sizes.h"
#include "kernels/cpu/micro/kernel_table.h"
#include "kernels/cpu/scratch.h"
#include "kernels/thread_pool.h"

namespace odin::cpu {

class PackedWeights {
 public:
  // Packs `weights` (O, C, k, k) for a pass, kForward or kBackwardData. `memory` holds them for as
  // long as they are used.
  PackedWeights(ConvolutionPass pass, const ConvolutionSizes& sizes, ConvolutionAlgorithm algorithm,
                const KernelTable& kernels, const float* weights, Scratch& memory,
                ThreadPool& pool);

  const float* data() const { return data_; }
  // Whether they are those of Winograd's algorithm.
  bool winograd() const { return winograd_; }

 private:
  bool winograd_;
  float* data_;
};

}  // namespace odin::cpu
