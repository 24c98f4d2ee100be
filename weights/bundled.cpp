#include "weights/bundled.h"

#include "kernels/error.h"

namespace odin {

namespace fs = std::filesystem;

fs::path bundled_weights(std::string_view name) {
  std::error_code ignored;
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored);
  const fs::path installed =
      program.parent_path().parent_path() / "share" / "odin" / "weights" / name;
  const fs::path source = fs::path(ODIN_SOURCE_DIR) / "weights" / name;
  for (const fs::path& candidate : {installed, source}) {
    if (fs::exists(candidate, ignored)) return candidate;
  }
  fail("the bundled network {} is neither at {} nor at {}", name, installed.string(),
       source.string());
}

}  // namespace odin
