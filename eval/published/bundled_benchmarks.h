// The files of benchmarks/, which the build puts into the program.
#pragma once

#include <span>
#include <string_view>

namespace odin {

struct BundledBenchmark {
  std::string_view name;  // "odin", of benchmarks/odin.json
  std::string_view json;
};

std::span<const BundledBenchmark> bundled_benchmarks();

}  // namespace odin
