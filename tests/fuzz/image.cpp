// A libFuzzer target: read_image_file() reads any PNG or JPEG file or throws Error.
//
// An input is a byte that chooses how the image is fitted, and the file.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include <zlib.h>

#include "eval/image/image_file.h"
#include "kernels/error.h"
#include "tests/fuzz/memory_folder.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

namespace {

std::uint32_t load_big_endian(const std::uint8_t* from) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | from[i];
  return value;
}

// Corrects the checksums of a PNG file's chunks, which would otherwise stop nearly every mutation.
void repair_png(std::span<std::uint8_t> bytes) {
  constexpr std::size_t kSignature = 8;
  constexpr std::size_t kAround = 12;  // length, type and checksum of a chunk
  std::size_t at = kSignature;
  while (at + kAround <= bytes.size()) {
    const std::size_t length = load_big_endian(bytes.data() + at);
    if (length > bytes.size() - at - kAround) return;
    const auto checksum =
        static_cast<std::uint32_t>(crc32(0, bytes.data() + at + 4, static_cast<uInt>(length + 4)));
    for (std::size_t i = 0; i < 4; ++i) {
      bytes[at + 8 + length + i] = static_cast<std::uint8_t>(checksum >> (24 - 8 * i));
    }
    at += kAround + length;
  }
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned /*seed*/) {
  size = LLVMFuzzerMutate(data, size, most);
  if (size > 1 && data[1] == 0x89) repair_png({data + 1, size - 1});
  return size;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const odin::test::MemoryFolder folder;
  if (size == 0) return 0;
  const auto file = folder.write("image", {data + 1, size - 1});
  constexpr odin::ImageShape kShapes[] = {{3, 32}, {1, 28}, {3, 96}, {1, 31}};
  const odin::ImageShape shape = kShapes[data[0] / 7 % 4];
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(shape.elements()));
  try {
    odin::read_image_file(file, static_cast<odin::ImageFit>(data[0] % 7), shape, pixels.data());
  } catch (const odin::Error&) {
  }
  return 0;
}
