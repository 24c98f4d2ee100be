// Numbers for Python.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

namespace odin::python {

// A NumPy array of numbers of the type T which are in the memory of `values`. It takes that over;
// nothing is copied.
template <class T, class Value>
nanobind::object to_numpy(std::vector<Value> values, const std::vector<std::size_t>& shape) {
  auto kept = std::make_unique<std::vector<Value>>(std::move(values));
  void* data = kept->data();
  const nanobind::capsule owner(kept.release(), [](void* memory) noexcept {
    delete static_cast<std::vector<Value>*>(memory);
  });
  return nanobind::cast(
      nanobind::ndarray<nanobind::numpy, T>(data, shape.size(), shape.data(), owner));
}

}  // namespace odin::python
