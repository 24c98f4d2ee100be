// UTF-8, read a character at a time.
#pragma once

#include <cstddef>
#include <string_view>

namespace odin {

struct Utf8Character {
  char32_t code = 0;
  std::size_t bytes = 0;  // that it takes
};

// The character that `text` begins with (The Unicode Standard, table 3-7). Its bytes are 0 where
// the text is empty or does not begin with UTF-8: with a tail, a character that is cut short, an
// overlong form, half a surrogate pair, or a code above U+10FFFF.
Utf8Character first_character(std::string_view text);

// Whether it is one of Unicode's control characters (category Cc).
constexpr bool is_control(char32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

}  // namespace odin
