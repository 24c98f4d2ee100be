#include "kernels/cuda/conv/epilogue.h"

namespace odin::cuda {
namespace {

// Four channels at a time; a view without data is aligned.
bool fits_four(const ConstView& view) {
  const std::size_t bytes = 4 * size_of(view.element);
  return reinterpret_cast<std::uintptr_t>(view.data) % bytes == 0 && view.pitch % 4 == 0;
}
// The same for one float a channel.
bool fits_four(const float* factors) {
  return reinterpret_cast<std::uintptr_t>(factors) % (4 * sizeof(float)) == 0;
}

}  // namespace

Epilogue epilogue_of(const ForwardConvolution& c) {
  Epilogue e;
  e.bias = c.bias;
  e.relu = c.relu;
  e.output_mask = c.output_mask;
  e.addend = c.residual;
  e.target = c.y;
  e.aligned = fits_four(c.y) && fits_four(c.residual) && fits_four(c.bias);
  return e;
}

Epilogue epilogue_of(const BackwardConvolution& c) {
  Epilogue e;
  e.affine = c.affine;
  if (c.affine.relu) {
    e.mask = c.mask;
    if (c.mask.bytes == nullptr) e.x = c.x;
  }
  if (c.accumulate) e.addend = c.dx;
  e.target = c.dx;
  e.aligned =
      fits_four(c.dx) && fits_four(e.x) && fits_four(c.affine.scale) && fits_four(c.affine.shift);
  return e;
}

}  // namespace odin::cuda
