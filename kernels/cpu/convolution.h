// Convolutions of planar activations and their gradients, with oneDNN.
#pragma once

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "kernels/convolution_sizes.h"
#include "kernels/cpu/convolution_passes.h"
#include "kernels/thread_pool.h"

namespace odin::cpu {

// Keeps what oneDNN made for every size it has met, and scratch memory, so that nothing is created
// in the steady state. To be used by one thread at a time.
//
// The threads share the images out: a thread takes one (or a few, where the weights are large)
// through the whole operation, oneDNN itself running on that thread alone. So the results do not
// depend on the number of threads. A convolution of 1 x 1 and stride 1 is a product of matrices
// that reads and writes the views directly, or copies of small images that lie side by side, where
// that is faster; any other one copies each image into the blocked layout that oneDNN's fast kernels
// need.
class Convolutions {
 public:
  explicit Convolutions(ThreadPool& pool);

  void forward(const ConvolutionSizes& sizes, const ConstTensorView& x, const ConstTensorView& w,
               const TensorView& y);
  void backward_data(const ConvolutionSizes& sizes, const ConstTensorView& dy,
                     const ConstTensorView& w, const TensorView& dx);
  void backward_filter(const ConvolutionSizes& sizes, const ConstTensorView& x,
                       const ConstTensorView& dy, const TensorView& dw);

 private:
  bool is_product(const ConvolutionSizes& sizes) const;
  void run_images(Direction direction, ConvolutionSizes sizes, Images<const float> in,
                  const float* weights, Images<float> out);
  void run_products(const Matrix& weights, std::int64_t in_channels, std::int64_t out_channels,
                    const ConvolutionSizes& sizes, bool add, Images<const float> in,
                    Images<float> out);
  static void add_filter_product(const ConvolutionSizes& sizes, Images<const float> x,
                                 Images<const float> dy, std::int64_t images, bool add,
                                 Scratch& scratch, float* dw);
  ImagePass& image_pass(const ConvolutionSizes& sizes, Direction direction);
  FilterPass& filter_pass(const ConvolutionSizes& sizes);

  ThreadPool& pool_;
  bool products_are_faster_;
  std::map<std::pair<Direction, ConvolutionSizes>, ImagePass> image_passes_;
  std::map<ConvolutionSizes, FilterPass> filter_passes_;
  Scratch weights_;
  Scratch partial_sums_;
  std::vector<Scratch> workers_;
};

}  // namespace odin::cpu
