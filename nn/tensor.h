// A tensor that owns its memory on a device.
#pragma once

#include <memory>
#include <vector>

#include "kernels/backend.h"

namespace odin {

class Tensor {
 public:
  Tensor() = default;
  // Zeroed and dense, of the back end's element type. Rank 4 is in the device's activation layout,
  // other ranks are row-major.
  Tensor(Backend& backend, const Shape& shape);
  // Zeroed, dense and row-major, with elements of another type (labels are int32).
  Tensor(Backend& backend, const Shape& shape, DataType type);
  // Zeroed, of rank 4, in the device's activation layout. If the type is narrower than the back
  // end's, the tensor is a slice: channels are padded to 16 bytes, so that kernels can load eight
  // at once.
  static Tensor activation(Backend& backend, const Shape& shape, DataType type);

  bool empty() const { return memory_ == nullptr; }
  const Shape& shape() const { return view_.shape(); }
  TensorView view() { return view_; }
  ConstTensorView view() const { return view_; }

  // Copies to and from host memory, row-major. Throws Error if the number of values is wrong.
  void upload(Backend& backend, const std::vector<double>& values);
  std::vector<double> download(Backend& backend) const;

 private:
  std::shared_ptr<void> memory_;
  TensorView view_;
};

}  // namespace odin
