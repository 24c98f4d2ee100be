// Convolutions to time on the CPU, with their expected results.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/as_size.h"
#include "kernels/convolution_sizes.h"

namespace odin::bench {

struct Shape {
  const char* network;
  int images;  // the number that the plan executor gives to a kernel
  int in, out, size, kernel, stride;

  int padding() const { return kernel / 2; }
  int out_size() const { return (size + 2 * padding() - kernel) / stride + 1; }
  double multiply_adds() const {
    return double(images) * in * out * kernel * kernel * out_size() * out_size();
  }
  std::string name() const;
  ConvolutionSizes sizes() const;
};

// Normal numbers of mean 0; different at every call.
std::vector<float> random_values(std::size_t count, double deviation);

// Dense operands of a shape, and the results of plain loops for the first image.
struct Problem {
  Shape shape;
  std::vector<float> x, w, dy;
  std::vector<double> y, dx;

  explicit Problem(const Shape& s);
};

}  // namespace odin::bench
