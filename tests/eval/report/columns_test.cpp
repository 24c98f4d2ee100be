#include "eval/report/columns.h"

#include <doctest/doctest.h>

namespace odin {
namespace {

TEST_CASE("columns are counted as a terminal shows them") {
  CHECK(columns_of("") == 0);
  CHECK(columns_of("iSUN") == 4);
  CHECK(columns_of("caf\xc3\xa9") == 4);        // e with acute accent
  CHECK(columns_of("cafe\xcc\x81") == 4);       // e and a combining accent
  CHECK(columns_of("\xe7\x8c\xab") == 2);       // a cat in Chinese
  CHECK(columns_of("\xf0\x9f\x90\xb1x") == 3);  // a cat's face
  CHECK(columns_of("\xe7\x8c\xe7") == 3);       // not UTF-8
  CHECK(columns_of("\xed\xa0\x80") == 3);       // half a surrogate pair
  CHECK(columns_of("\xe0\x80\xaf") == 3);       // '/' in three bytes
  CHECK(columns_of("\xf4\x90\x80\x80") == 4);   // above U+10FFFF
}

TEST_CASE("text is cut between characters, with a mark where it fits") {
  CHECK(cut_to_columns("Tiny-ImageNet", 13) == "Tiny-ImageNet");
  CHECK(cut_to_columns("Tiny-ImageNet", 12) == "Tiny-Imag...");
  CHECK(cut_to_columns("Tiny-ImageNet", 2) == "Ti");
  CHECK(cut_to_columns("Tiny-ImageNet", 0).empty());
  CHECK(cut_to_columns("\xe7\x8c\xab\xe7\x8c\xab\xe7\x8c\xab", 5) == "\xe7\x8c\xab...");
  CHECK(cut_to_columns("\xe7\x8c\xab\xe7\x8c\xab\xe7\x8c\xab", 1).empty());
}

TEST_CASE("text is wrapped at spaces, and a longer word stays whole") {
  CHECK(wrapped("a bc def", 8, 2) == "a bc def");
  CHECK(wrapped("a bc def", 7, 2) == "a bc\n  def");
  CHECK(wrapped("a bc def", 5, 2) == "a bc\n  def");
  CHECK(wrapped("a bc def", 4, 2) == "a bc\n  def");
  CHECK(wrapped("a /very/long/name b", 6, 0) == "a\n/very/long/name\nb");
  CHECK(wrapped("", 6, 0).empty());
}

TEST_CASE("text is broken within words where these are longer than the columns") {
  using Lines = std::vector<std::string>;
  CHECK(broken_to_columns("Tiny-ImageNet (crop)", 13) == Lines{"Tiny-ImageNet", "(crop)"});
  CHECK(broken_to_columns("a /data/iSUN b", 5) == Lines{"a", "/data", "/iSUN", "b"});
  CHECK(broken_to_columns("\xe7\x8c\xab\xe7\x8c\xab", 3) == Lines{"\xe7\x8c\xab", "\xe7\x8c\xab"});
  CHECK(broken_to_columns("\xe7\x8c\xabx", 1) == Lines{"\xe7\x8c\xab", "x"});
  CHECK(broken_to_columns("", 5) == Lines{""});
}

}  // namespace
}  // namespace odin
