// Numbers that are written as text.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace odin {

// The number that all of the text is, as std::from_chars reads it: without a space or a plus sign,
// whatever the locale, and unsigned types without a minus. Nothing where it is none, or more than T
// holds. `base` is of whole numbers.
template <class T>
std::optional<T> whole_text_as(std::string_view text, int base = 10) {
  const char* const end = text.data() + text.size();
  T value{};
  std::from_chars_result read{};
  if constexpr (std::is_integral_v<T>) {
    read = std::from_chars(text.data(), end, value, base);
  } else {
    read = std::from_chars(text.data(), end, value);
  }
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return value;
}

}  // namespace odin
