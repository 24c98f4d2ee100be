// The back ends that tests run on. A new back end is one row in the table.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kernels/backend.h"
#include "kernels/device.h"

namespace odin::test {

struct BackendUnderTest {
  std::string name;
  // Throws Error where this machine lacks the device: the test is then skipped by that sentence.
  std::function<std::unique_ptr<Backend>()> make;
  // Largest relative error of a whole tensor against the reference in double. Single precision has
  // 6e-8 an operation; sums over a few thousand products in other orders, and differences of nearly
  // equal numbers in a batch norm's gradient, stay below 1e-5.
  double tolerance = 0;
};

inline std::vector<BackendUnderTest> backends() {
  return {
      {"reference", [] { return make_reference_backend(); }, 0},
      {"cpu", [] { return make_cpu_backend(2); }, 1e-5},
      {"cuda", [] { return make_backend("cuda"); }, 1e-5},
  };
}

}  // namespace odin::test
