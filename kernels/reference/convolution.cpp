#include <cstdint>

#include "kernels/reference/backend.h"
#include "kernels/reference/loops.h"

namespace odin::reference {
namespace {

// Calls f(n, o, i, j, c, p, q, row, column) for every product of the convolution: weight (o,c,p,q)
// connects input (n,c,row,column) with output (n,o,i,j). Skips products with the zero padding.
template <class Function>
void for_each_product(const ConvolutionSizes& s, Function f) {
  for (std::int64_t n = 0; n < s.images; ++n) {
    for (std::int64_t o = 0; o < s.out_channels; ++o) {
      for (std::int64_t i = 0; i < s.out_height; ++i) {
        for (std::int64_t j = 0; j < s.out_width; ++j) {
          for (std::int64_t c = 0; c < s.in_channels; ++c) {
            for (std::int64_t p = 0; p < s.kernel_height; ++p) {
              const std::int64_t row = i * s.stride + p - s.padding;
              if (row < 0 || row >= s.height) continue;
              for (std::int64_t q = 0; q < s.kernel_width; ++q) {
                const std::int64_t column = j * s.stride + q - s.padding;
                if (column < 0 || column >= s.width) continue;
                f(n, o, i, j, c, p, q, row, column);
              }
            }
          }
        }
      }
    }
  }
}

}  // namespace

void ReferenceBackend::do_convolution_forward(const ConvolutionGeometry& geometry,
                                              ConstTensorView x, ConstTensorView w, TensorView y) {
  const auto in = x.elements<double>();
  const auto weight = w.elements<double>();
  const auto out = y.elements<double>();
  for_each(y.shape(), [&](auto... at) { out(at...) = 0; });
  for_each_product(
      convolution_sizes(geometry, x.shape(), w.shape()),
      [&](auto n, auto o, auto i, auto j, auto c, auto p, auto q, auto row, auto column) {
        out(n, o, i, j) += weight(o, c, p, q) * in(n, c, row, column);
      });
}

void ReferenceBackend::do_convolution_backward_data(const ConvolutionGeometry& geometry,
                                                    ConstTensorView dy, ConstTensorView w,
                                                    TensorView dx) {
  const auto dout = dy.elements<double>();
  const auto weight = w.elements<double>();
  const auto din = dx.elements<double>();
  for_each_product(
      convolution_sizes(geometry, dx.shape(), w.shape()),
      [&](auto n, auto o, auto i, auto j, auto c, auto p, auto q, auto row, auto column) {
        din(n, c, row, column) += weight(o, c, p, q) * dout(n, o, i, j);
      });
}

void ReferenceBackend::do_convolution_backward_filter(const ConvolutionGeometry& geometry,
                                                      ConstTensorView x, ConstTensorView dy,
                                                      TensorView dw) {
  const auto in = x.elements<double>();
  const auto dout = dy.elements<double>();
  const auto dweight = dw.elements<double>();
  for_each_product(
      convolution_sizes(geometry, x.shape(), dw.shape()),
      [&](auto n, auto o, auto i, auto j, auto c, auto p, auto q, auto row, auto column) {
        dweight(o, c, p, q) += dout(n, o, i, j) * in(n, c, row, column);
      });
}

}  // namespace odin::reference
