// A libFuzzer target: the reader of IDX files reads any pair of files or throws Error.
//
// An input is: a byte that chooses how images are fitted, two bytes with the length of the labels'
// file (little-endian), that file, and the images' file.
#include "eval/data/idx.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/error.h"
#include "tests/fuzz/memory_folder.h"

namespace {
constexpr std::int64_t kMostImages = 64;
constexpr odin::ImageShape kShapes[] = {{3, 32}, {1, 28}, {3, 96}, {1, 31}};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const odin::test::MemoryFolder folder;
  if (size < 3) return 0;
  const auto fit = static_cast<odin::ImageFit>(data[0] % 7);
  const odin::ImageShape shape = kShapes[data[0] / 7 % 4];
  const std::size_t labels = std::min(
      size - 3, static_cast<std::size_t>(data[1]) | static_cast<std::size_t>(data[2]) << 8);
  folder.write("labels-idx1-ubyte", {data + 3, labels});
  const auto images = folder.write("images-idx3-ubyte", {data + 3 + labels, size - 3 - labels});
  try {
    const auto set = odin::open_idx(images, fit, shape);
    const std::int64_t count = std::min(set->size(), kMostImages);
    std::vector<float> pixels(static_cast<std::size_t>(count * shape.elements()));
    set->read(0, count, pixels.data());
    set->read(set->size() - 1, 1, pixels.data());
  } catch (const odin::Error&) {
  }
  return 0;
}
