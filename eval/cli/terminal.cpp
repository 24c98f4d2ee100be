#include "eval/cli/terminal.h"

#include <charconv>
#include <cstdlib>
#include <string_view>

#include <sys/ioctl.h>
#include <unistd.h>

namespace odin {
namespace {

constexpr int kUsualColumns = 80;

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

// Of a terminal that does not know its size, as some containers' do.
int assumed_columns() {
  const std::string_view text = environment("COLUMNS");
  int columns = 0;
  std::from_chars(text.data(), text.data() + text.size(), columns);
  return columns > 0 ? columns : kUsualColumns;
}

}  // namespace

std::optional<int> terminal_columns(int descriptor) {
  if (isatty(descriptor) == 0) return {};
  winsize size{};
  const bool known = ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : assumed_columns();
}

bool takes_escape_codes(int descriptor) {
  const std::string_view kind = environment("TERM");
  return isatty(descriptor) != 0 && !kind.empty() && kind != "dumb" &&
         environment("NO_COLOR").empty();
}

}  // namespace odin
