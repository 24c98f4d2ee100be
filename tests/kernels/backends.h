// The back ends that tests run on. A new back end needs one struct here, and its name in the lists
// below.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "kernels/backend.h"
#include "kernels/device.h"
#include "tests/support/support.h"

namespace odin::test {

// kTolerance: the largest relative error of a whole tensor against the reference in double. Single
//   precision has 6e-8 per operation. Sums over a few thousand products in other orders, and
//   differences of nearly equal numbers in a batch norm's gradient, stay below 1e-5.
// kSlicesExact: whether a slice gives the same bits as a dense tensor.
// make(): throws Error if this machine lacks the device; the error is then the reason to skip.
struct ReferenceDevice {
  static constexpr double kTolerance = 0;
  static constexpr bool kSlicesExact = true;
  static std::unique_ptr<Backend> make() { return make_reference_backend(); }
};
struct CpuDevice {
  static constexpr double kTolerance = 1e-5;
  static constexpr bool kSlicesExact = true;
  static std::unique_ptr<Backend> make() { return make_cpu_backend(2); }
};
struct CudaDevice {
  static constexpr double kTolerance = 1e-5;
  static constexpr bool kSlicesExact = false;  // cuDNN may choose another engine
  static std::unique_ptr<Backend> make() { return make_backend("cuda"); }
};
// With 16-bit activations, for training. Single operations are tested in cuda/half_test.cpp.
struct CudaFp16Device {
  static std::unique_ptr<Backend> make() {
    return make_backend("cuda", {.precision = Precision::kFloat16});
  }
};
struct CudaBf16Device {
  static std::unique_ptr<Backend> make() {
    return make_backend("cuda", {.precision = Precision::kBFloat16});
  }
};

#define ODIN_DEVICES ReferenceDevice, CpuDevice, CudaDevice

// Calls test(back end), or skips the test if this machine has no such device.
template <class Device, class Test>
void on_device(Test test) {
  std::unique_ptr<Backend> backend;
  try {
    backend = Device::make();
  } catch (const Error& error) {
    return skip(error.what());
  }
  test(*backend);
}

// The back ends in host memory, which every machine has.
struct BackendUnderTest {
  std::string name;
  std::function<std::unique_ptr<Backend>()> make;
};
inline std::vector<BackendUnderTest> backends() {
  return {{"reference", ReferenceDevice::make}, {"cpu", CpuDevice::make}};
}

}  // namespace odin::test

// doctest's names for them. The macro opens doctest's namespace.
TYPE_TO_STRING_AS("reference", odin::test::ReferenceDevice);
TYPE_TO_STRING_AS("cpu", odin::test::CpuDevice);
TYPE_TO_STRING_AS("cuda", odin::test::CudaDevice);
TYPE_TO_STRING_AS("cuda in fp16", odin::test::CudaFp16Device);
TYPE_TO_STRING_AS("cuda in bf16", odin::test::CudaBf16Device);
