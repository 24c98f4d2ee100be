#include "weights/files/utf8.h"

#include <string>

#include <doctest/doctest.h>

namespace odin {
namespace {

// The character `code` in a form of this many bytes, be it allowed or not.
std::string in_bytes(char32_t code, std::size_t bytes) {
  if (bytes == 1) return {static_cast<char>(code)};
  std::string text;
  for (std::size_t i = 1; i < bytes; ++i, code >>= 6) {
    text.insert(0, 1, static_cast<char>(0x80 | (code & 0x3f)));
  }
  const std::size_t lead = (0xf00U >> bytes & 0xffU) | code;
  return text.insert(0, 1, static_cast<char>(lead));
}

std::size_t bytes_of(std::string_view text) {
  return first_character(text).bytes;
}

TEST_CASE("every character is read in its shortest form, and in no other") {
  for (char32_t code = 0; code <= 0x10ffff; ++code) {
    const bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
    const std::size_t shortest = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (std::size_t bytes = shortest; bytes <= 4; ++bytes) {
      const Utf8Character read = first_character(in_bytes(code, bytes) + "\x80!");
      const bool is_right = bytes == shortest && !is_surrogate
                                ? read.code == code && read.bytes == bytes
                                : read.bytes == 0;
      if (!is_right) FAIL("U+", std::uint32_t{code}, " in ", bytes, " bytes");
    }
  }
}

TEST_CASE("what is no UTF-8 has no character") {
  CHECK(bytes_of("") == 0);
  CHECK(bytes_of("\x80") == 0);                  // a tail
  CHECK(bytes_of("\xc0\xaf") == 0);              // '/' in two bytes
  CHECK(bytes_of("\xe0\x80\xaf") == 0);          // in three
  CHECK(bytes_of("\xf0\x80\x80\xaf") == 0);      // in four
  CHECK(bytes_of("\xed\xa0\x80") == 0);          // half a surrogate pair
  CHECK(bytes_of("\xf4\x90\x80\x80") == 0);      // U+110000
  CHECK(bytes_of("\xf5\x80\x80\x80") == 0);      // above all
  CHECK(bytes_of("\xf8\x88\x80\x80\x80") == 0);  // of five bytes
  CHECK(bytes_of("\xff") == 0);
}

TEST_CASE("a character that is cut short, or whose tail is none, is no character") {
  for (const std::string whole : {"\xc3\xa9", "\xe7\x8c\xab", "\xf0\x9f\x98\x80"}) {
    REQUIRE(bytes_of(whole) == whole.size());
    for (std::size_t i = 1; i < whole.size(); ++i) {
      CHECK(bytes_of(std::string_view(whole).substr(0, i)) == 0);
      std::string bad = whole;
      bad[i] = '!';
      CHECK(bytes_of(bad) == 0);
    }
  }
}

}  // namespace
}  // namespace odin
