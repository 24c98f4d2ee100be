#include "kernels/philox.h"
#include "kernels/reference/backend.h"
#include "kernels/reference/loops.h"

namespace odin::reference {
namespace {

// Calls f(factor, n, c, i, j); the factor is 1 / (1 - rate) if the element is kept, else 0.
template <class Function>
void for_each_with_factor(double rate, RandomKey key, const Shape& shape, Function f) {
  std::uint64_t index = 0;
  for_each(shape, [&](auto... at) {
    const bool kept = philox_uniform(key.seed, key.stream, index++) >= rate;
    f(kept ? 1 / (1 - rate) : 0.0, at...);
  });
}

}  // namespace

void ReferenceBackend::do_dropout_forward(double rate, RandomKey key, ConstTensorView x,
                                          TensorView y) {
  const auto in = x.elements<double>();
  const auto out = y.elements<double>();
  for_each_with_factor(rate, key, x.shape(),
                       [&](double factor, auto... at) { out(at...) = factor * in(at...); });
}

void ReferenceBackend::do_dropout_backward(double rate, RandomKey key, ConstTensorView dy,
                                           TensorView dx) {
  const auto dout = dy.elements<double>();
  const auto din = dx.elements<double>();
  for_each_with_factor(rate, key, dy.shape(),
                       [&](double factor, auto... at) { din(at...) += factor * dout(at...); });
}

}  // namespace odin::reference
