#include "weights/files/printable.h"

#include <algorithm>

#include <fmt/format.h>

#include "weights/files/utf8.h"

namespace odin {
namespace {

// Bytes of the character that `text` begins with, or 0 where a terminal must not see it.
std::size_t shown_bytes(std::string_view text, Characters keep) {
  const auto [code, bytes] = first_character(text);
  return is_control(code) || (bytes > 1 && keep == Characters::kAscii) ? 0 : bytes;
}

}  // namespace

std::string printable(std::string_view text, std::size_t most, Characters keep) {
  std::string result;
  while (!text.empty()) {
    if (result.size() >= most) return result + "...";
    const std::size_t length = shown_bytes(text, keep);
    if (length > 0) {
      result += text.substr(0, length);
    } else {
      result += fmt::format("\\x{:02x}", static_cast<unsigned char>(text.front()));
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return result;
}

std::string printable_lines(std::string_view text) {
  std::string result;
  for (;;) {
    const std::size_t end = text.find('\n');
    result += printable(text.substr(0, end), std::string::npos, Characters::kUtf8);
    if (end == std::string_view::npos) return result;
    result += '\n';
    text.remove_prefix(end + 1);
  }
}

}  // namespace odin
