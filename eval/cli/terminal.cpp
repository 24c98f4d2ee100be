#include "eval/cli/terminal.h"

#include <cstdlib>
#include <string_view>

#include <sys/ioctl.h>
#include <unistd.h>

namespace odin {
namespace {

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace

std::optional<int> terminal_columns(int descriptor) {
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return {};
  return size.ws_col;
}

bool takes_escape_codes(int descriptor) {
  const std::string_view kind = environment("TERM");
  return isatty(descriptor) != 0 && !kind.empty() && kind != "dumb" &&
         environment("NO_COLOR").empty();
}

}  // namespace odin
