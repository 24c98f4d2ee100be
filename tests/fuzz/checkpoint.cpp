// A libFuzzer target: the reader of our HDF5 checkpoints reads any file or throws Error.
#include "weights/checkpoint.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>

#include "kernels/error.h"
#include "tests/fuzz/child_coverage.h"
#include "tests/fuzz/memory_folder.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

// Changes a few bytes in place. HDF5 refuses a file at once if its length is not what it says, and
// most of libFuzzer's own mutations would change that.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned seed) {
  constexpr std::size_t kWindow = 16;
  if (size < kWindow || seed % 32 == 0) return LLVMFuzzerMutate(data, size, most);
  std::minstd_rand random(seed);
  std::uint8_t* const window = data + random() % (size - kWindow + 1);
  std::array<std::uint8_t, kWindow> bytes;
  const std::size_t length = 1 + random() % kWindow;
  std::copy_n(window, length, bytes.begin());
  std::copy_n(bytes.begin(), std::min(LLVMFuzzerMutate(bytes.data(), length, length), length),
              window);
  return size;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const odin::test::MemoryFolder folder;
  const auto file = folder.write("file", {data, size});
  odin::test::forget_child_coverage();
  try {
    odin::inspect_checkpoint(
        file);  // read_checkpoint() does the same, and then refuses what is wrong
  } catch (const odin::Error&) {
  }
  odin::test::take_child_coverage();
  return 0;
}
