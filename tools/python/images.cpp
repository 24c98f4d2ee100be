#include "tools/python/images.h"

#include <array>
#include <optional>
#include <string>

#include <fmt/format.h>

namespace odin::python {
namespace {

namespace nb = nanobind;
using Array = nb::ndarray<nb::ro>;

// The axes of an array in the order of planes: image, channel, row, column.
using Axes = std::array<std::size_t, 4>;
constexpr Axes kPlanarAxes = {0, 1, 2, 3};
constexpr Axes kInterleavedAxes = {0, 3, 1, 2};

bool has_shape(const Array& array, const Axes& axes, const ImageShape& shape) {
  const auto extent = [&](int axis) { return static_cast<int>(array.shape(axes[axis])); };
  return extent(1) == shape.channels && extent(2) == shape.side && extent(3) == shape.side;
}

// The order in which the memory is dense, whatever the order of the array's axes; nothing if it is
// in neither.
std::optional<PixelLayout> dense_layout(const Array& array, const Axes& axes,
                                        const ImageShape& shape) {
  using Strides = std::array<std::int64_t, 4>;
  const std::int64_t channels = shape.channels;
  const Strides planar = {shape.elements(), shape.pixels(), shape.side, 1};
  const Strides interleaved = {shape.elements(), 1, shape.side * channels, channels};
  const auto fits = [&](const Strides& strides) {
    for (std::size_t i = 0; i < axes.size(); ++i) {
      if (array.shape(axes[i]) > 1 && array.stride(axes[i]) != strides[i]) return false;
    }
    return true;
  };
  const bool aligned = reinterpret_cast<std::uintptr_t>(array.data()) % array.itemsize() == 0;
  if (!aligned) return std::nullopt;
  if (fits(planar)) return PixelLayout::kPlanar;
  if (fits(interleaved)) return PixelLayout::kInterleaved;
  return std::nullopt;
}

[[noreturn]] void refuse_type(const nb::object& object) {
  const bool is_array = nb::hasattr(object, "dtype");
  const nb::object type = is_array ? object.attr("dtype") : object.type().attr("__name__");
  throw nb::type_error(
      fmt::format(
          "the images are {}{}, where an array of uint8 (0..255) or float32 (0..1) is needed",
          is_array ? "an array of " : "of the type ", nb::str(type).c_str())
          .c_str());
}

Array array_from(const nb::object& object) {
  Array array;
  // PyTorch does not share a tensor whose gradient it keeps track of.
  const bool tracked =
      nb::hasattr(object, "requires_grad") && nb::cast<bool>(object.attr("requires_grad"));
  const nb::object shared = tracked ? object.attr("detach")() : object;
  if (!nb::try_cast(shared, array, false)) refuse_type(object);
  if (array.device_type() != nb::device::cpu::value) {
    throw nb::type_error(
        "the images are in the memory of a GPU, where an array in that of the CPU is needed");
  }
  return array;
}

std::string shape_text(const Array& array) {
  std::string text;
  for (std::size_t axis = 0; axis < array.ndim(); ++axis) {
    text += fmt::format("{}{}", axis == 0 ? "" : ", ", array.shape(axis));
  }
  return text;
}

}  // namespace

Images images_from(const nb::object& object, const ImageShape& shape) {
  Images images;
  images.memory = array_from(object);
  const bool bytes = images.memory.dtype() == nb::dtype<std::uint8_t>();
  if (!bytes && images.memory.dtype() != nb::dtype<float>()) refuse_type(object);

  const bool four = images.memory.ndim() == 4;
  const bool planar = four && has_shape(images.memory, kPlanarAxes, shape);
  if (!planar && !(four && has_shape(images.memory, kInterleavedAxes, shape))) {
    throw nb::value_error(fmt::format("the images have the shape ({0}), where (n, {1}, {2}, {2}) "
                                      "or (n, {2}, {2}, {1}) is needed",
                                      shape_text(images.memory), shape.channels, shape.side)
                              .c_str());
  }
  const Axes& axes = planar ? kPlanarAxes : kInterleavedAxes;
  auto layout = dense_layout(images.memory, axes, shape);
  if (!layout) {
    const nb::object numpy = nb::module_::import_("numpy");
    const nb::object shared = nb::cast(nb::ndarray<nb::numpy, nb::ro>(images.memory));
    images.memory = array_from(numpy.attr("require")(shared, nb::none(), "CA"));
    layout = planar ? PixelLayout::kPlanar : PixelLayout::kInterleaved;
  }
  images.layout = *layout;
  images.elements = static_cast<std::size_t>(shape.elements());
  if (bytes) {
    images.pixels =
        std::span(static_cast<const std::uint8_t*>(images.memory.data()), images.memory.size());
  } else {
    images.pixels =
        std::span(static_cast<const float*>(images.memory.data()), images.memory.size());
  }
  return images;
}

}  // namespace odin::python
