// The gradient in the weights of a convolution, from a whole batch, by our own kernel.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/convolution_sizes.h"
#include "kernels/cpu/micro/kernel_table.h"
#include "kernels/cpu/scratch.h"
#include "kernels/cpu/training/image_convolution.h"
#include "kernels/thread_pool.h"

namespace odin::cpu {

// Memory that is kept from layer to layer.
struct FilterMemory {
  struct Worker {
    Scratch workspace;
    Scratch inputs;
    Scratch gradients;
  };
  std::vector<Worker> workers;  // one for each thread
  Scratch sums;
  Scratch inputs;
  Scratch gradients;
};

// Sums over all images, in an order that does not depend on the number of threads. There are two
// ways. If the sums are small, the batch is cut into parts, every part has sums of its own, a
// thread carries the images of a part through everything, and the sums are added in the end. If
// they are large, there is one set of sums: the threads share the channels to bring in, then the
// places to multiply, for some images after others.
class FilterSums {
 public:
  FilterSums(const ConvolutionSizes& sizes, ConvolutionAlgorithm algorithm,
             const Prologue& prologue, const KernelTable& kernels, FilterMemory& memory,
             ThreadPool& pool);

  bool in_parts() const { return parts_ > 0; }
  std::int64_t parts() const { return parts_; }
  std::int64_t first_image(std::int64_t part) const { return sizes_.images * part / parts_; }

  // The sums of a part, cleared. Those of a 1x1 convolution (is_pointwise) are for
  // PointwiseGradientTask, which computes them.
  float* clear_part(std::int64_t part);
  // Adds the images of a part to its sums, for any other convolution.
  void add_part(std::int64_t part, int worker, Images<const float> x, Images<const float> dy);
  // Computes the sums of the batch, if it is not in parts.
  void add_all(Images<const float> x, Images<const float> dy);
  // dw (O, C, k, k) += the gradient.
  void add_to(float* dw);

 private:
  void place(FilterTask& task, Images<const float> x, Images<const float> dy, std::int64_t first,
             std::int64_t images) const;

  ConvolutionSizes sizes_;
  const FilterKernel& kernel_;
  FilterMemory& memory_;
  ThreadPool& pool_;
  FilterTask task_;
  std::int64_t parts_ = 0;
  std::int64_t group_ = 1;       // images at once
  std::int64_t sum_floats_ = 0;  // of one set
  float* sums_ = nullptr;
};

}  // namespace odin::cpu
