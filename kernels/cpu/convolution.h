// Convolutions of planar activations and their gradients, with oneDNN.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "kernels/convolution.h"
#include "kernels/convolution_sizes.h"
#include "kernels/cpu/convolution_passes.h"
#include "kernels/cpu/multiply.h"
#include "kernels/thread_pool.h"

namespace odin::cpu {

// Keeps oneDNN's primitives for every size it has met, and scratch memory, so that nothing is
// created in the steady state. Only one thread may use it at a time.
//
// The threads share the images: a thread takes one image (or a few, if the weights are large)
// through the whole operation, and oneDNN runs on that thread alone. So the results do not depend
// on the number of threads.
//
// If matrix products are faster, a 1 x 1 convolution of stride 1 is one: it reads and writes the
// views directly, or copies of small images laid side by side. Every other convolution copies each
// image into the blocked layout that oneDNN's fast kernels need.
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
  void run_images(ConvolutionPass pass, ConvolutionSizes sizes, Images<const float> in,
                  const float* weights, Images<float> out);
  void run_products(const Matrix& weights, std::int64_t in_channels, std::int64_t out_channels,
                    const ConvolutionSizes& sizes, bool add, Images<const float> in,
                    Images<float> out);
  static void add_filter_product(const ConvolutionSizes& sizes, Images<const float> x,
                                 Images<const float> dy, std::int64_t images, bool add,
                                 Scratch& scratch, float* dw);
  ImagePass& image_pass(ConvolutionPass pass, const ConvolutionSizes& sizes);
  FilterPass& filter_pass(const ConvolutionSizes& sizes);

  ThreadPool& pool_;
  bool products_are_faster_;
  std::map<std::pair<ConvolutionPass, ConvolutionSizes>, ImagePass> image_passes_;
  std::map<ConvolutionSizes, FilterPass> filter_passes_;
  Scratch weights_;
  Scratch partial_sums_;
  std::vector<Scratch> workers_;
};

}  // namespace odin::cpu
