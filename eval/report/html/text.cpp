#include "eval/report/html/text.h"

#include <cstddef>
#include <cstdint>

#include "weights/files/utf8.h"

namespace odin {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// The length in bytes of the first character of `text`; 0 if it is not allowed.
std::size_t allowed_bytes(std::string_view text) {
  const auto [code, bytes] = first_character(text);
  const bool is_white = code == '\t' || code == '\n' || code == '\r';
  const bool is_no_character = (code & 0xfffe) == 0xfffe;
  return (is_control(code) && !is_white) || is_no_character ? 0 : bytes;
}

}  // namespace

std::string html_escaped(std::string_view text) {
  std::string escaped;
  while (!text.empty()) {
    const std::size_t length = allowed_bytes(text);
    const std::string_view character = text.substr(0, length);
    if (length == 0) {
      escaped += kReplacement;
    } else if (character == "<") {
      escaped += "&lt;";
    } else if (character == ">") {
      escaped += "&gt;";
    } else if (character == "&") {
      escaped += "&amp;";
    } else if (character == "\"") {
      escaped += "&quot;";
    } else if (character == "'") {
      escaped += "&#39;";
    } else {
      escaped += character;
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return escaped;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (i + k < bytes.size() ? static_cast<std::uint8_t>(bytes[i + k]) : 0u);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += i + k <= bytes.size() ? kDigits[group >> (18 - 6 * k) & 63] : '=';
    }
  }
  return text;
}

}  // namespace odin
