// Shared by tests of image files.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "eval/image/fit.h"
#include "tests/eval/data/data_support.h"
#include "tests/support/error_of.h"

namespace odin::test {

inline constexpr std::size_t kPlane = 32 * 32;

// The error of reading the file; kNoError if it can be read.
inline std::string error_reading(const std::filesystem::path& file,
                                 ImageFit fit = ImageFit::kExact) {
  return error_of([&] { read_image(file, fit); });
}

}  // namespace odin::test
