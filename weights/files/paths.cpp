#include "weights/files/paths.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include <pwd.h>
#include <unistd.h>

#include "kernels/error.h"
#include "weights/files/printable.h"

namespace odin {
namespace fs = std::filesystem;
namespace {

std::string shown(const fs::path& path) {
  return printable(path.string(), 120, Characters::kUtf8);
}

[[noreturn]] void fail_too_long(const fs::path& path) {
  std::size_t longest = 0;
  for (const fs::path& part : path) longest = std::max(longest, part.native().size());
  fail(
      "the path '{}' is too long: it has {} bytes, its longest name {}. The system takes about "
      "4095, and 255 for a name",
      shown(path), path.native().size(), longest);
}

fs::file_status status_of(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!error || status.type() == fs::file_type::not_found) return status;
  if (error == std::errc::filename_too_long) fail_too_long(path);
  fail("'{}' cannot be reached: {}", shown(path), error.message());
}

// Empty if it is not known.
std::string home() {
  if (const char* folder = std::getenv("HOME"); folder != nullptr && *folder != '\0') return folder;
  const passwd* user = ::getpwuid(::getuid());
  return user != nullptr && user->pw_dir != nullptr ? user->pw_dir : "";
}

}  // namespace

bool exists_at(const fs::path& path) {
  return fs::exists(status_of(path));
}

bool is_folder(const fs::path& path) {
  return fs::is_directory(status_of(path));
}

void require_short_enough(const fs::path& path) {
  std::error_code error;
  [[maybe_unused]] const fs::file_status status = fs::status(path, error);
  if (error == std::errc::filename_too_long) fail_too_long(path);
}

fs::path with_home(std::string_view path) {
  if (path != "~" && !path.starts_with("~/")) return path;
  const std::string folder = home();
  return folder.empty() ? fs::path(path) : fs::path(folder + std::string(path.substr(1)));
}

}  // namespace odin
