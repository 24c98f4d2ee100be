// safetensors files: what is read of good ones, and why bad ones are refused.
#include "tools/tensors/safetensors.h"

#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/support/bytes.h"
#include "tests/support/error_of.h"
#include "weights/files/signatures.h"

namespace odin::pytorch {
namespace {

using test::counted_floats;
using test::little;
using test::safetensors;
using test::source_of;

std::string refusal(const std::string& content) {
  const SharedSource source = source_of(content);
  if (!looks_like_safetensors(*source)) return "no safetensors file";
  return test::error_of([&] {
    for (const NamedTensor& named : read_safetensors(source).tensors) read_elements(named.tensor);
  });
}

std::string entry(const std::string& name, const std::string& dtype, const std::string& shape,
                  int begin, int end) {
  return fmt::format(R"("{}": {{"dtype": "{}", "shape": [{}], "data_offsets": [{}, {}]}})", name,
                     dtype, shape, begin, end);
}

TEST_CASE("Tensors of a safetensors file are read in the order of its header") {
  const std::string header =
      "{" + entry("w", "F32", "2, 3", 8, 32) + ", \"__metadata__\": {\"format\": \"pt\"}, " +
      entry("half", "F16", "2", 2, 6) + "," + entry("scalar", "BF16", "", 0, 2) + "," +
      entry("double", "F64", "1", 32, 40) + "," + entry("none", "F32", "0, 7", 8, 8) + "," +
      entry("steps", "I16", "1", 6, 8) + "}   ";
  const std::string data = test::bytes("\x40\xc0") + little(0x3c00, 2) + little(0xc000, 2) +
                           little(7, 2) + counted_floats(6) + little(0x3fe0000000000000, 8);
  const SharedSource source = source_of(safetensors(header, data));
  REQUIRE(looks_like_safetensors(*source));
  const SavedNetwork network = read_safetensors(source);
  CHECK(network.kind == "a state dict");
  CHECK(network.others ==
        std::vector<std::pair<std::string, std::string>>{{"format", "the text 'pt'"}});
  std::vector<std::string> names;
  for (const NamedTensor& named : network.tensors) names.push_back(named.name);
  CHECK(names == std::vector<std::string>{"w", "half", "scalar", "double", "none", "steps"});
  CHECK(network.tensors[0].tensor.shape == std::vector<std::int64_t>{2, 3});
  CHECK(read_elements(network.tensors[0].tensor) == std::vector<float>{0, 1, 2, 3, 4, 5});
  CHECK(read_elements(network.tensors[1].tensor) == std::vector<float>{1, -2});
  CHECK(network.tensors[2].tensor.shape.empty());
  CHECK(read_elements(network.tensors[2].tensor) == std::vector<float>{-3});
  CHECK(read_elements(network.tensors[3].tensor) == std::vector<float>{0.5});
  CHECK(read_elements(network.tensors[4].tensor).empty());
  CHECK(network.tensors[5].tensor.storage->type->name == "int16");
}

TEST_CASE("A header that is not the format's is refused, and the error says where") {
  const std::string good = entry("w", "F32", "2, 3", 0, 24);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {good, test::kNoError},
      {"", "its tensors end after 0 of 24 bytes"},
      {good + "," + good, "holds 'w' twice"},
      {good + ", \"__metadata__\": {}, \"__metadata__\": {}", "holds '__metadata__' twice"},
      {good + ", \"__metadata__\": {\"a\": 1}", "its metadata hold a number"},
      {good + ", \"__metadata__\": {\"a\": {}}", "its metadata hold an object"},
      {good + ", \"v\": 3", "describes 'v' by a number"},
      {good + ", \"v\": [3]", "describes 'v' by a list"},
      {good + ", \"v\": {}", "gives no dtype for 'v'"},
      {R"("w": {"dtype": "F32", "data_offsets": [0, 24]})", "gives no shape for 'w'"},
      {R"("w": {"dtype": "F32", "shape": [6]})", "gives no data_offsets for 'w'"},
      {R"("w": {"dtype": "F32", "dtype": "F32"})", "gives a text as the dtype of 'w'"},
      {R"("w": {"shape": [1], "shape": [1]})", "gives a second list as the shape of 'w'"},
      {R"("w": {"shape": [[1]]})", "gives a list as the shape of 'w'"},
      {R"("w": {"shape": [-1]})", "gives a negative number as the shape of 'w'"},
      {R"("w": {"shape": [1.5]})", "gives a fraction as the shape of 'w'"},
      {R"("w": {"shape": [null]})", "gives null as the shape of 'w'"},
      {R"("w": {"shape": {}})", "gives an object as the shape of 'w'"},
      {R"("w": {"colour": "red"})", "gives a text as the colour of 'w'"},
      {R"("w": {"dtype": "F32", "shape": [6], "data_offsets": [0, 24, 24]})", "3 data_offsets"},
      {entry("w", "F4", "6", 0, 24), "the type F4, which is not known"},
      {entry("w", "F32", "6", 24, 0), "the bytes 24 to 0 of 24"},
      {entry("w", "F32", "7", 0, 28), "the bytes 0 to 28 of 24 (was the file cut short?)"},
      {entry("w", "F32", "5", 0, 24), "24 bytes, which is not what its shape and dtype need"},
      {entry("w", "F64", "6", 0, 24), "24 bytes, which is not what its shape and dtype need"},
      {entry("w", "F32", "5", 0, 20), "end after 20 of 24 bytes"},
      {entry("w", "F32", "5", 4, 24), "leave a gap at byte 0"},
      {entry("w", "F32", "6", 0, 24) + "," + entry("v", "F32", "5", 4, 24), "overlap at byte 4"},
      {entry("w", "F32", "4294967296, 4294967296, 0, 6", 0, 0), "not what its shape and dtype"},
      {entry("w", "F32", "0, 4294967296, 4294967296", 0, 0), "not what its shape and dtype"},
      {entry("w", "F32", "18446744073709551615", 0, 24), "not what its shape and dtype"},
      {entry("w", "F8_E4M3", "24", 0, 24), "float8_e4m3fn"},
      {entry(std::string(2000, 'n'), "F32", "6", 0, 24), "a name of 2000 bytes"},
      {"\"w\" 1", "its header is no JSON at byte"},
      {good + "}{", "its header is no JSON at byte"},
  };
  for (const auto& [inside, sentence] : cases) {
    CAPTURE(inside);
    const std::string why = refusal(safetensors("{" + inside + "}", counted_floats(6)));
    CHECK_MESSAGE(why.find(sentence) != std::string::npos, why);
  }
}

TEST_CASE("A safetensors file that was cut short or lies about its length is refused") {
  const std::string whole =
      safetensors("{" + entry("w", "F32", "2, 3", 0, 24) + "}", counted_floats(6));
  CHECK(refusal(whole) == test::kNoError);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK(refusal(whole.substr(0, size)) != test::kNoError);
  }
  const auto begins = [](std::uint64_t length, const std::string& text) {
    return refusal(little(length, 8) + text);
  };
  CHECK(begins(std::uint64_t{1} << 31, "{}").find("16 MiB are enough") != std::string::npos);
  CHECK(begins(1000, "{}").find("cut short") != std::string::npos);
  CHECK(begins(std::uint64_t{1} << 32, "{}") == "no safetensors file");
  CHECK(begins(2, "[]") == "no safetensors file");
  CHECK(begins(1, "{}").find("no JSON") != std::string::npos);
  // The deepest header that fits: nothing of it is kept.
  const std::string deep = "{\"w\":" + std::string(1 << 20, '[');
  CHECK(refusal(safetensors(deep, "")).find("describes 'w' by a list") != std::string::npos);
}

}  // namespace
}  // namespace odin::pytorch
