// A libFuzzer target: the readers of CIFAR's binary and Python version read any file or throw
// Error.
//
// An input is: a byte that chooses the data set, two bytes with the length of the file of names
// (little-endian), that file, and the file of images.
#include "eval/data/cifar.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/error.h"
#include "tests/fuzz/memory_folder.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kImageElements = 3 * 32 * 32;
  static const odin::test::MemoryFolder folder;
  if (size < 3) return 0;
  const bool is_100 = data[0] % 2 == 1;
  const std::size_t names = std::min(
      size - 3, static_cast<std::size_t>(data[1]) | static_cast<std::size_t>(data[2]) << 8);
  folder.write(is_100 ? "meta" : "batches.meta", {data + 3, names});
  const auto images = folder.write("images", {data + 3 + names, size - 3 - names});
  try {
    const auto version = is_100 ? odin::CifarVersion::kCifar100 : odin::CifarVersion::kCifar10;
    const auto set = odin::open_cifar(images, version, odin::CifarSplit::kTest);
    std::vector<float> pixels(kImageElements);
    set->read(0, 1, pixels.data());
    set->read(set->size() - 1, 1, pixels.data());
  } catch (const odin::Error&) {
  }
  return 0;
}
