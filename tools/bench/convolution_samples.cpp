#include "tools/bench/convolution_samples.h"

namespace odin::bench {

template <class Tap>
std::vector<double> ConvolutionSamples::sums(int size, int channels, Tap tap) const {
  std::vector<double> results;
  for (int i = 0; i < size * size * channels; i += kStep) {
    const int channel = i % channels;
    const int column = i / channels % size;
    const int row = i / channels / size;
    double sum = 0;
    for (int p = 0; p < shape_.kernel; ++p) {
      for (int q = 0; q < shape_.kernel; ++q) sum += tap(row, column, channel, p, q);
    }
    results.push_back(sum);
  }
  return results;
}

std::vector<double> ConvolutionSamples::forward(const std::vector<float>& x) const {
  return sums(shape_.output_size(), shape_.outputs,
              [&](int row, int column, int channel, int p, int q) {
                return forward_tap(x, row, column, channel, p, q);
              });
}

std::vector<double> ConvolutionSamples::backward_data(const std::vector<float>& dy) const {
  return sums(shape_.size, shape_.inputs, [&](int row, int column, int channel, int p, int q) {
    return backward_tap(dy, row, column, channel, p, q);
  });
}

double ConvolutionSamples::forward_tap(const std::vector<float>& x, int row, int column, int o,
                                       int p, int q) const {
  const int i = row * shape_.stride + p - shape_.padding();
  const int j = column * shape_.stride + q - shape_.padding();
  if (i < 0 || j < 0 || i >= shape_.size || j >= shape_.size) return 0;
  double sum = 0;
  for (int c = 0; c < shape_.inputs; ++c) {
    sum +=
        weight(o, c, p, q) * x[static_cast<std::size_t>((i * shape_.size + j) * shape_.inputs + c)];
  }
  return sum;
}

double ConvolutionSamples::backward_tap(const std::vector<float>& dy, int row, int column, int c,
                                        int p, int q) const {
  const int i = row + shape_.padding() - p;
  const int j = column + shape_.padding() - q;
  if (i < 0 || j < 0 || i % shape_.stride != 0 || j % shape_.stride != 0) return 0;
  const int size = shape_.output_size();
  if (i / shape_.stride >= size || j / shape_.stride >= size) return 0;
  const int pixel = i / shape_.stride * size + j / shape_.stride;
  double sum = 0;
  for (int o = 0; o < shape_.outputs; ++o) {
    sum += weight(o, c, p, q) * dy[static_cast<std::size_t>(pixel * shape_.outputs + o)];
  }
  return sum;
}

}  // namespace odin::bench
