#include "weights/files/printable.h"

#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace odin {
namespace {

std::string in_utf8(std::string_view text, std::size_t most = 120) {
  return printable(text, most, Characters::kUtf8);
}

TEST_CASE("text that a terminal can show stays as it is") {
  for (const char* text : {"", "conv1.weight", "caf\xc3\xa9", "\xe7\x8c\xab", "\xf0\x9f\x98\x80",
                           "\xc2\xa0", "\xef\xbf\xbd", "back\\slash"}) {
    CHECK(in_utf8(text) == text);
  }
}

TEST_CASE("control characters are escaped") {
  CHECK(in_utf8("\x1b[2J\n") == "\\x1b[2J\\x0a");
  CHECK(in_utf8(std::string("a\0b\x7f", 4)) == "a\\x00b\\x7f");
  CHECK(in_utf8("\xc2\x9b") == "\\xc2\\x9b");  // U+009B begins sequences as ESC [ does
}

TEST_CASE("bytes that are not UTF-8 are escaped") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"caf\xe9", "caf\\xe9"},                       // Latin-1
      {"\xa9", "\\xa9"},                             // a tail alone
      {"\xc3", "\\xc3"},                             // cut short
      {"\xe7\x8c", "\\xe7\\x8c"},                    // the same, of three bytes
      {"\xe7\x8c!", "\\xe7\\x8c!"},                  //
      {"\xf0\x9f\x98", "\\xf0\\x9f\\x98"},           // the same, of four
      {"\xc0\xaf", "\\xc0\\xaf"},                    // '/' in two bytes
      {"\xe0\x80\xaf", "\\xe0\\x80\\xaf"},           // in three
      {"\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf"},  // in four
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},           // half a surrogate pair
      {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},  // above U+10FFFF
      {"\xff\xc3\xa9\xfe", "\\xff\xc3\xa9\\xfe"},
  };
  for (const auto& [text, expected] : cases) CHECK(in_utf8(text) == expected);
}

TEST_CASE("bytes that are not ASCII are escaped unless UTF-8 is kept") {
  CHECK(printable("conv1.weight ~\x7f\n") == "conv1.weight ~\\x7f\\x0a");
  CHECK(printable("caf\xc3\xa9") == "caf\\xc3\\xa9");
}

TEST_CASE("long text is cut between characters") {
  CHECK(in_utf8("abcdef", 6) == "abcdef");
  CHECK(in_utf8("abcdefg", 6) == "abcdef...");
  CHECK(in_utf8("\xe7\x8c\xab\xe7\x8c\xab", 2) == "\xe7\x8c\xab...");
  CHECK(in_utf8(std::string(1000, '\n'), 40).size() == 43);
  CHECK(in_utf8(std::string(1000, 'a')) == std::string(120, 'a') + "...");
}

TEST_CASE("a message keeps its lines and its length") {
  CHECK(printable_lines("a\033[31m\nb\r\n") == "a\\x1b[31m\nb\\x0d\n");
  CHECK(printable_lines("").empty());
  CHECK(printable_lines(std::string(5000, 'x')).size() == 5000);
}

}  // namespace
}  // namespace odin
