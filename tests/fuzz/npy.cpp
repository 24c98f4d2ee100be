// A libFuzzer target: the reader of NumPy's files reads any pair of files or throws Error.
//
// An input is: a byte with the severity, two bytes with the length of the labels' file
// (little-endian), that file, and the images' file.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "eval/data/arrays/npy_images.h"
#include "kernels/error.h"
#include "tests/fuzz/memory_folder.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const odin::test::MemoryFolder folder;
  if (size < 3) return 0;
  const std::size_t labels = std::min(
      size - 3, static_cast<std::size_t>(data[1]) | static_cast<std::size_t>(data[2]) << 8);
  folder.write("labels.npy", {data + 3, labels});
  const auto images = folder.write("images.npy", {data + 3 + labels, size - 3 - labels});
  // Exact for the usual images, else scaled.
  const auto fit = data[0] < 128 ? odin::ImageFit::kExact : odin::ImageFit::kResize;
  const odin::ImageShape shape{data[0] % 2 == 0 ? 3 : 1, data[0] < 128 ? 32 : 28};
  try {
    const auto set = odin::open_npy_images(images, data[0] % 7, fit, shape);
    std::vector<float> pixels(static_cast<std::size_t>(shape.elements()));
    set->read(0, 1, pixels.data());
    set->read(set->size() - 1, 1, pixels.data());
  } catch (const odin::Error&) {
  }
  return 0;
}
