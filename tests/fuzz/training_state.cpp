// A libFuzzer target: the reader of a training's state reads any file or throws Error.
#include "tools/train/training_state.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <zlib.h>

#include "kernels/error.h"
#include "tests/fuzz/memory_folder.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

// Corrects the checksum at the end, which would otherwise stop every mutation.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned seed) {
  size = LLVMFuzzerMutate(data, size, most);
  if (size < 4 || seed % 16 == 0) return size;
  const auto checksum = static_cast<std::uint32_t>(crc32(0, data, static_cast<uInt>(size - 4)));
  std::memcpy(data + size - 4, &checksum, sizeof checksum);
  return size;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const odin::test::MemoryFolder folder;
  const auto file = folder.write("file", {data, size});
  try {
    odin::training::csv_of(odin::training::read_training_state(file).records);
  } catch (const odin::Error&) {
  }
  return 0;
}
