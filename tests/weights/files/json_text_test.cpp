#include "weights/files/json_text.h"

#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/support/error_of.h"

namespace odin {
namespace {

std::string refusal(const std::string& text) {
  return test::error_of([&] { parse_json(text); });
}

std::string nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

TEST_CASE("JSON is read in the order of its names") {
  CHECK(parse_json(R"({"b": [1, 2.5], "a": "\u00e4"})").dump() ==
        "{\"b\":[1,2.5],\"a\":\"\xc3\xa4\"}");
  CHECK(refusal("{").starts_with("is not JSON: "));
  CHECK(refusal("{} {}").starts_with("is not JSON: "));
}

TEST_CASE("JSON of great depth or with very many names is refused in no more than a moment") {
  CHECK(refusal(nested(32)) == test::kNoError);
  CHECK(refusal(nested(33)) == "is nested more than 32 deep");
  CHECK(refusal(nested(2'000'000)) == "is nested more than 32 deep");
  std::string objects;
  for (int i = 0; i < 1'000'000; ++i) objects += "{\"a\":";
  CHECK(refusal(objects) == "is nested more than 32 deep");
  std::string names = "{";
  for (int i = 0; i < 1'000'000; ++i) names += "\"" + std::to_string(i) + "\":0,";
  CHECK(refusal(names) == "has more than 10000 names");
}

}  // namespace
}  // namespace odin
