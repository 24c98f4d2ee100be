#include "kernels/host_backend.h"

#include <cstdint>
#include <limits>

#include "kernels/cpu/memory.h"
#include "kernels/error.h"

namespace odin {
namespace {

// Calls f(index, offset) for every element of a view, in row-major order.
template <class Function>
void for_each_element(const ConstTensorView& view, Function f) {
  std::array<std::int64_t, Shape::kMaxRank> extents{1, 1, 1, 1};
  Strides strides{};
  const int missing = Shape::kMaxRank - view.shape().rank();
  for (int axis = 0; axis < view.shape().rank(); ++axis) {
    extents[static_cast<std::size_t>(missing + axis)] = view.shape()[axis];
    strides[static_cast<std::size_t>(missing + axis)] =
        view.strides()[static_cast<std::size_t>(axis)];
  }
  std::int64_t index = 0;
  for (std::int64_t i = 0; i < extents[0]; ++i) {
    for (std::int64_t j = 0; j < extents[1]; ++j) {
      for (std::int64_t k = 0; k < extents[2]; ++k) {
        std::int64_t offset = i * strides[0] + j * strides[1] + k * strides[2];
        for (std::int64_t l = 0; l < extents[3]; ++l, offset += strides[3]) f(index++, offset);
      }
    }
  }
}

template <class T>
void upload_as(const double* host, const TensorView& to) {
  T* const data = to.data<T>();
  for_each_element(to, [=](std::int64_t index, std::int64_t offset) {
    const double value = host[index];
    if constexpr (std::numeric_limits<T>::is_integer) {
      require(value >= std::numeric_limits<T>::min() && value <= std::numeric_limits<T>::max(),
              "{} is not an integer that a tensor of {} can hold", value,
              name_of(data_type_of<T>()));
    }
    data[offset] = static_cast<T>(value);
  });
}

template <class T>
void download_as(const ConstTensorView& from, double* host) {
  const T* const data = from.data<T>();
  for_each_element(from, [=](std::int64_t index, std::int64_t offset) {
    host[index] = static_cast<double>(data[offset]);
  });
}

}  // namespace

std::shared_ptr<void> HostBackend::allocate(std::size_t bytes) {
  const auto memory = std::make_shared<cpu::FloatMemory>(bytes / sizeof(float) + 1);
  return {memory, memory->data()};
}

void HostBackend::upload(const double* host, TensorView to) {
  switch (to.type()) {
    case DataType::kFloat32:
      return upload_as<float>(host, to);
    case DataType::kFloat64:
      return upload_as<double>(host, to);
    case DataType::kInt32:
      return upload_as<std::int32_t>(host, to);
    case DataType::kUInt8:
      return upload_as<std::uint8_t>(host, to);
    case DataType::kFloat16:
    case DataType::kBFloat16:
      break;
  }
  fail("a tensor of {} cannot be in host memory", name_of(to.type()));
}

void HostBackend::download(ConstTensorView from, double* host) {
  switch (from.type()) {
    case DataType::kFloat32:
      return download_as<float>(from, host);
    case DataType::kFloat64:
      return download_as<double>(from, host);
    case DataType::kInt32:
      return download_as<std::int32_t>(from, host);
    case DataType::kUInt8:
      return download_as<std::uint8_t>(from, host);
    case DataType::kFloat16:
    case DataType::kBFloat16:
      break;
  }
  fail("a tensor of {} cannot be in host memory", name_of(from.type()));
}

}  // namespace odin
