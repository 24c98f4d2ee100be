#include "tools/python/state_dict.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <utility>

#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>

#include "kernels/error.h"
#include "tools/conversion/known_network.h"
#include "tools/conversion/parameter_names.h"
#include "tools/tensors/saved_network.h"
#include "weights/checkpoint_rules.h"
#include "weights/files/byte_source.h"
#include "weights/files/printable.h"

namespace odin::python {
namespace {

namespace nb = nanobind;
using Array = nb::ndarray<nb::ro>;

// The elements of an array, which it keeps alive.
class ArrayBytes final : public ByteSource {
 public:
  ArrayBytes(Array array, std::uint64_t size) : array_(std::move(array)), size_(size) {}

  std::uint64_t size() const override { return size_; }

 private:
  void read_within(std::uint64_t offset, std::span<std::byte> out) const override {
    std::memcpy(out.data(), static_cast<const std::byte*>(array_.data()) + offset, out.size());
  }

  Array array_;
  std::uint64_t size_;
};

// PyTorch's name of a type, "float32"; of some that are no floating-point numbers, nothing.
std::string element_name(nb::dlpack::dtype type) {
  switch (static_cast<nb::dlpack::dtype_code>(type.code)) {
    case nb::dlpack::dtype_code::Float:
      return fmt::format("float{}", type.bits);
    case nb::dlpack::dtype_code::Bfloat:
      return fmt::format("bfloat{}", type.bits);
    case nb::dlpack::dtype_code::Int:
      return fmt::format("int{}", type.bits);
    case nb::dlpack::dtype_code::UInt:
      return fmt::format("uint{}", type.bits);
    default:
      return "";
  }
}

pytorch::Tensor tensor_of(const std::string& name, nb::object value) {
  if (nb::hasattr(value, "detach")) value = value.attr("detach")().attr("cpu")();
  Array array;
  const pytorch::ElementType* type = nullptr;
  if (nb::try_cast(value, array, false) && array.device_type() == nb::device::cpu::value) {
    type = pytorch::find_element_type_by_name(element_name(array.dtype()));
  }
  if (type == nullptr) {
    const bool has_dtype = nb::hasattr(value, "dtype");
    const nb::object what = has_dtype ? value.attr("dtype") : value.type().attr("__name__");
    throw nb::type_error(
        fmt::format("'{}' is {}{}, where a tensor of floating-point numbers is needed",
                    printable(name), has_dtype ? "an array of " : "of the type ",
                    nb::str(what).c_str())
            .c_str());
  }
  pytorch::Tensor tensor;
  std::uint64_t stored = 1;
  for (std::size_t axis = 0; axis < array.ndim(); ++axis) {
    tensor.shape.push_back(static_cast<std::int64_t>(array.shape(axis)));
    tensor.strides.push_back(array.stride(axis));
    require(array.stride(axis) >= 0, "'{}' is an array that runs backwards: copy it",
            printable(name));
    if (array.size() > 0)
      stored += (array.shape(axis) - 1) * static_cast<std::uint64_t>(array.stride(axis));
  }
  if (array.size() == 0) stored = 0;
  auto bytes = std::make_shared<ArrayBytes>(array, stored * type->size);
  tensor.storage = std::make_shared<pytorch::Storage>(pytorch::Storage{
      type, stored, std::move(bytes), std::endian::native == std::endian::big, "cpu"});
  require_valid(tensor);
  return tensor;
}

pytorch::SavedNetwork network_of(const nb::object& state_dict) {
  const bool is_module = nb::hasattr(state_dict, "state_dict");
  const nb::object mapping = is_module ? state_dict.attr("state_dict")() : state_dict;
  if (!nb::hasattr(mapping, "items")) {
    throw nb::type_error(
        fmt::format(
            "a state dict is needed, or a module that has one, not an object of the type {}",
            nb::str(nb::object(mapping.type().attr("__name__"))).c_str())
            .c_str());
  }
  pytorch::SavedNetwork network;
  network.kind = is_module ? "a module" : "a state dict";
  for (const nb::handle item : mapping.attr("items")()) {
    std::string name;
    if (!nb::try_cast(item[0], name))
      throw nb::type_error("the state dict has a key that is no text");
    if (pytorch::is_batch_counter(name)) continue;
    network.tensors.push_back({name, tensor_of(name, item[1])});
  }
  return network;
}

}  // namespace

Checkpoint checkpoint_from(const nb::object& state_dict, const std::string& key, int image_size,
                           const pytorch::InputDescription& inputs) {
  pytorch::SavedNetwork network = network_of(state_dict);
  if (!key.empty()) pytorch::keep_prefix(network, key);
  std::uint64_t stored = 0;
  for (const pytorch::NamedTensor& named : network.tensors) stored += named.tensor.storage->count;
  Checkpoint checkpoint;
  checkpoint.architecture = pytorch::architecture_of(network);
  checkpoint.architecture.image.side = image_size;
  const std::string beside = pytorch::tensors_beside(pytorch::name_parameters(network.tensors));
  if (!beside.empty() &&
      PyErr_WarnEx(PyExc_UserWarning, fmt::format("ignored {}", beside).c_str(), 1) != 0) {
    throw nb::python_error();
  }
  pytorch::describe_inputs(inputs, checkpoint);
  checkpoint.source = fmt::format("taken from {} of PyTorch in memory", network.kind);
  checkpoint.parameters = pytorch::parameters_of(network, stored);
  check_description(checkpoint);
  validate(checkpoint.architecture, checkpoint.parameters);
  return checkpoint;
}

}  // namespace odin::python
