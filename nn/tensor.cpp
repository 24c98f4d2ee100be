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
