// Operands in device memory for the tests of our CUDA kernels: odd pitches and offsets, and guard
// values around each. Compiled against the toolkit, it tests a GPU; compiled against
// tests/cuda_on_cpu, it tests the same kernels on the CPU.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <doctest/doctest.h>

#include "kernels/backend.h"
#include "kernels/cuda/runtime/view.h"
#include "tests/support/support.h"

namespace odin::test {

using cuda::Element;

// Values in [-1, 1), the same for the same seed.
std::vector<double> noise(std::uint64_t seed, std::int64_t count);

// The largest relative rounding error of a type: 2^-24, 2^-11, 2^-8.
double unit_roundoff(Element element);
// "float", "half", "bfloat16".
const char* name_of(Element element);

// Device memory of exactly `bytes` bytes.
class DeviceMemory {
 public:
  explicit DeviceMemory(std::size_t bytes);
  ~DeviceMemory();
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;

  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }
  // What is there once the kernels that were launched on the default stream are done.
  void read(void* host) const;
  void write(const void* host);

 private:
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

// A dense array of T in device memory.
template <class T>
class DeviceArray {
 public:
  explicit DeviceArray(const std::vector<T>& values)
      : memory_(values.size() * sizeof(T)), initial_(values) {
    memory_.write(values.data());
  }
  T* data() { return static_cast<T*>(memory_.data()); }
  std::vector<T> values() const {
    std::vector<T> host(initial_.size());
    memory_.read(host.data());
    return host;
  }
  // The values it was made with. CHECKs that they are still there; not if few cases are wanted,
  // since reading waits.
  const std::vector<T>& unchanged() const {
    if (!few_cases()) CHECK(values() == initial_);
    return initial_;
  }

 private:
  DeviceMemory memory_;
  std::vector<T> initial_;
};
DeviceArray<float> device_floats(std::span<const double> values);
std::vector<double> doubles(const DeviceArray<float>& array);
// array.unchanged()
std::vector<double> unchanged(const DeviceArray<float>& array);

// Where an activation is in its buffer: the first channel of the slice, and the number of the
// buffer's channels after it. Alignment follows: {0, 0} with 8 n channels is dense and aligned.
struct Placement {
  int begin = 0;
  int beyond = 0;
};

// An activation (N, C, H, W) of any element type, as a channel slice of a buffer.
class DeviceActivation {
 public:
  // `values` in row-major (N, C, H, W) order.
  DeviceActivation(Element element, const Shape& shape, std::span<const double> values,
                   Placement placement = {});

  cuda::View view() const;
  const Shape& shape() const { return shape_; }
  // The current values, in row-major (N, C, H, W) order. CHECKs that nothing around the slice has
  // been written.
  std::vector<double> values() const;
  // The values it was made with, as they are stored. CHECKs that they are still there, as above.
  const std::vector<double>& unchanged() const;

 private:
  Element element_;
  Shape shape_;
  Placement placement_;
  std::int64_t pitch_;
  DeviceMemory memory_;
  std::vector<double> initial_;
};

// Views of host values, for the reference back end.
inline TensorView tensor(std::vector<double>& values, const Shape& shape) {
  return {values.data(), shape};
}
inline ConstTensorView tensor(const std::vector<double>& values, const Shape& shape) {
  return {values.data(), shape};
}

// CHECKs relative_error(values, wanted) < tolerance, and that nothing is NaN.
void check_close(std::span<const double> values, std::span<const double> wanted, double tolerance);

// Whether there is a device to test; if not, prints the line of a skipped test.
bool device_or_skip();

}  // namespace odin::test
