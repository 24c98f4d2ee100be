// What the back ends in host memory share: memory, copies and the planar layout.
#pragma once

#include <cstddef>
#include <memory>

#include "kernels/backend.h"

namespace odin {

class HostBackend : public Backend {
 public:
  // NCHW
  Strides activation_strides(const Shape& shape) const final { return row_major_strides(shape); }

  std::shared_ptr<void> allocate(std::size_t bytes) final;
  void upload(const double* host, TensorView to) final;
  void download(ConstTensorView from, double* host) final;

 private:
  bool is_host() const final { return true; }
};

}  // namespace odin
