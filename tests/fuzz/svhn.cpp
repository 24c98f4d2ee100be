// A libFuzzer target: the reader of SVHN's MATLAB files reads any file or throws Error.
//
// Compressed variables have checksums, which mutations would break, so the corpus has plain files
// too.
#include "eval/data/arrays/svhn.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/error.h"
#include "tests/fuzz/child_coverage.h"
#include "tests/fuzz/memory_folder.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const odin::test::MemoryFolder folder;
  const auto file = folder.write("file.mat", {data, size});
  odin::test::forget_child_coverage();
  try {
    const auto set = odin::open_svhn(file);
    std::vector<float> pixels(3 * 32 * 32);
    set->read(0, 1, pixels.data());
    set->read(set->size() - 1, 1, pixels.data());
  } catch (const odin::Error&) {
  }
  odin::test::take_child_coverage();
  return 0;
}
