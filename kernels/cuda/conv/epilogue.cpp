#include "kernels/cuda/conv/epilogue.h"

namespace odin::cuda {
namespace {

// Whether `count` channels can be read or written at a time; of a view without data, always.
bool fits(const ConstView& view, int count) {
  const std::size_t bytes = static_cast<std::size_t>(count) * size_of(view.element);
  return reinterpret_cast<std::uintptr_t>(view.data) % bytes == 0 && view.pitch % count == 0;
}
// The same for one float a channel, read 16 bytes at a time.
bool fits(const float* factors, int count) {
  const std::size_t bytes = sizeof(float) * static_cast<std::size_t>(count < 4 ? count : 4);
  return reinterpret_cast<std::uintptr_t>(factors) % bytes == 0;
}
bool fits(const Affine& affine, int count) {
  return fits(affine.scale, count) && fits(affine.shift, count);
}

int width_of(const Epilogue& e) {
  int width = masked_channels(e.target.element);  // 16 bytes
  while (width > 1 && !(fits(e.target, width) && fits(e.addend, width) && fits(e.x, width) &&
                        fits(e.normalised, width) && fits(e.bias, width) && fits(e.affine, width) &&
                        fits(e.next, width))) {
    width /= 2;
  }
  return width;
}

}  // namespace

Epilogue epilogue_of(const ForwardConvolution& c) {
  Epilogue e;
  e.bias = c.bias;
  e.relu = c.relu;
  e.output_mask = c.output_mask;
  e.addend = c.residual;
  e.target = c.y;
  e.next = c.next;
  e.normalised = c.normalised;
  e.normalised_mask = c.normalised_mask;
  e.width = width_of(e);
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
  e.width = width_of(e);
  return e;
}

}  // namespace odin::cuda
