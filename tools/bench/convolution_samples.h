// A few elements of a convolution by its definition, in double on the host.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace odin::bench {

// A convolution of square maps with "same" padding, as both networks have them.
struct ConvolutionShape {
  int inputs = 0;
  int outputs = 0;
  int size = 0;  // of the input map
  int kernel = 1;
  int stride = 1;

  int padding() const { return kernel / 2; }
  int output_size() const { return (size + 2 * padding() - kernel) / stride + 1; }
};

// Of one image. Maps are dense NHWC, weights (outputs, inputs, kernel, kernel).
class ConvolutionSamples {
 public:
  // Elements 0, kStep, 2 kStep, ... of a result are computed.
  static constexpr int kStep = 997;

  ConvolutionSamples(const ConvolutionShape& shape, std::vector<float> weights)
      : shape_(shape), weights_(std::move(weights)) {}

  // Of y = the convolution of x with the weights.
  std::vector<double> forward(const std::vector<float>& x) const;
  // Of the gradient in x, given dy.
  std::vector<double> backward_data(const std::vector<float>& dy) const;

 private:
  double weight(int o, int c, int p, int q) const {
    return weights_[static_cast<std::size_t>(
        ((o * shape_.inputs + c) * shape_.kernel + p) * shape_.kernel + q)];
  }
  double forward_tap(const std::vector<float>& x, int row, int column, int o, int p, int q) const;
  double backward_tap(const std::vector<float>& dy, int row, int column, int c, int p, int q) const;
  // Sums tap(row, column, channel, p, q) over the window of every sampled element.
  template <class Tap>
  std::vector<double> sums(int size, int channels, Tap tap) const;

  ConvolutionShape shape_;
  std::vector<float> weights_;
};

}  // namespace odin::bench
