#include "weights/files/new_name.h"

#include <atomic>
#include <cerrno>
#include <system_error>

#include <fmt/format.h>
#include <unistd.h>

namespace odin {

std::filesystem::path make_under_new_name(
    const std::filesystem::path& folder,
    const std::function<int(const std::filesystem::path&)>& make) {
  static std::atomic<unsigned> count{0};
  for (;;) {
    // A short name: one that is longer than the target's might exceed the system's limit.
    std::filesystem::path path = folder / fmt::format(".odin-{}-{}.tmp", ::getpid(), count++);
    const int error = make(path);
    if (error == 0) return path;
    if (error != EEXIST) throw std::system_error(error, std::generic_category());
  }
}

}  // namespace odin
