#include "kernels/parse_number.h"

#include <cstdint>
#include <limits>
#include <string>

#include <doctest/doctest.h>

namespace odin {
namespace {

TEST_CASE("a text that is a number is that number") {
  CHECK(whole_text_as<int>("0") == 0);
  CHECK(whole_text_as<int>("007") == 7);
  CHECK(whole_text_as<int>("-12") == -12);
  CHECK(whole_text_as<std::uint64_t>("18446744073709551615") ==
        std::numeric_limits<std::uint64_t>::max());
  CHECK(whole_text_as<unsigned>("7fF", 16) == 0x7ff);
  CHECK(whole_text_as<unsigned>("17", 8) == 15);
  CHECK(whole_text_as<double>("2.5e-3") == 0.0025);
}

TEST_CASE("a text of which a number is only a part is none") {
  for (const char* text :
       {"", " ", "4x", "x4", " 4", "4 ", "+4", "4.0", "4\n", "0x4", "-", "--4"}) {
    CAPTURE(text);
    CHECK(whole_text_as<int>(text) == std::nullopt);
  }
  CHECK(whole_text_as<int>(std::string("4\0", 2)) == std::nullopt);
  CHECK(whole_text_as<unsigned>("-4") == std::nullopt);
  CHECK(whole_text_as<unsigned>("18", 8) == std::nullopt);
  for (const char* text : {"", "2.5x", " 2.5", "+2.5", "2,5", "."}) {
    CAPTURE(text);
    CHECK(whole_text_as<double>(text) == std::nullopt);
  }
}

TEST_CASE("a number that the type cannot hold is none") {
  CHECK(whole_text_as<std::int32_t>("2147483647") == 2147483647);
  CHECK(whole_text_as<std::int32_t>("2147483648") == std::nullopt);
  CHECK(whole_text_as<std::uint64_t>("18446744073709551616") == std::nullopt);
  CHECK(whole_text_as<double>("1e999") == std::nullopt);
}

}  // namespace
}  // namespace odin
