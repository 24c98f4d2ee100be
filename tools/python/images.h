// Images that Python hands over.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <variant>

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include "eval/detection/pixels.h"
#include "nn/image_shape.h"

namespace odin::python {

// The pixels of some images, where Python has them in memory.
struct Images {
  std::variant<std::span<const std::uint8_t>, std::span<const float>> pixels;
  PixelLayout layout = PixelLayout::kPlanar;
  std::size_t elements = 0;                // of one image
  nanobind::ndarray<nanobind::ro> memory;  // keeps the pixels alive
};

// Looks at an array of bytes or floats, (n, channels, side, side) or (n, side, side, channels), of
// NumPy or of another library that shares its memory. Only what is dense in neither order is
// copied. Throws TypeError for anything else, for other types of elements and for memory of a GPU,
// and ValueError for other shapes.
Images images_from(const nanobind::object& object, const ImageShape& shape);

// Calls take(pixels, layout) for at most `at_once` images at a time, in order, without Python's
// lock. Threads that use the same object wait for `mutex`, as it serves one at a time. Between two
// calls Ctrl-C is noticed.
template <class Take>
void for_each_part(const Images& images, std::int64_t at_once, std::mutex& mutex, Take take) {
  const nanobind::gil_scoped_release unlocked;
  const std::lock_guard guard(mutex);
  const std::size_t most = static_cast<std::size_t>(at_once) * images.elements;
  std::visit(
      [&](const auto& pixels) {
        for (std::size_t begin = 0; begin < pixels.size(); begin += most) {
          take(pixels.subspan(begin, std::min(most, pixels.size() - begin)), images.layout);
          const nanobind::gil_scoped_acquire locked;
          if (PyErr_CheckSignals() != 0) throw nanobind::python_error();
        }
      },
      images.pixels);
}

}  // namespace odin::python
