#include "nn/tensor.h"

namespace odin {

Tensor::Tensor(Backend& backend, const Shape& shape)
    : memory_(
          backend.allocate(static_cast<std::size_t>(shape.numel()) * size_of(backend.data_type()))),
      view_(memory_.get(), backend.data_type(), shape,
            shape.rank() == 4 ? backend.activation_strides(shape) : row_major_strides(shape)) {}

Tensor::Tensor(Backend& backend, const Shape& shape, DataType type)
    : memory_(backend.allocate(static_cast<std::size_t>(shape.numel()) * size_of(type))),
      view_(memory_.get(), type, shape, row_major_strides(shape)) {}

Tensor Tensor::activation(Backend& backend, const Shape& shape, DataType type) {
  Shape padded = shape;
  if (size_of(type) < size_of(backend.data_type())) {
    const auto block = static_cast<std::int64_t>(16 / size_of(type));
    padded.set(1, (shape[1] + block - 1) / block * block);
  }
  Tensor tensor;
  tensor.memory_ = backend.allocate(static_cast<std::size_t>(padded.numel()) * size_of(type));
  const TensorView whole(tensor.memory_.get(), type, padded, backend.activation_strides(padded));
  tensor.view_ = whole.channels(0, shape[1]);
  return tensor;
}

void Tensor::upload(Backend& backend, const std::vector<double>& values) {
  require(static_cast<std::int64_t>(values.size()) == shape().numel(),
          "{} values were given for a tensor of shape {}", values.size(), shape().to_string());
  backend.upload(values.data(), view_);
}

std::vector<double> Tensor::download(Backend& backend) const {
  std::vector<double> values(static_cast<std::size_t>(shape().numel()));
  backend.download(view_, values.data());
  return values;
}

}  // namespace odin
