#include "weights/pickle/numpy_array.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/support/bytes.h"
#include "tests/support/error_of.h"
#include "weights/pickle/pickle_machine.h"

namespace odin {
namespace {

using test::bytes;
using test::global;
using test::integer;
using test::pickle;
using test::source_of;
using test::text;

std::string dtype(const std::string& code, const std::string& order) {
  return fmt::format("{}({}\x89\x88tR(K\x03{}NNNtb", global("numpy", "dtype"), text(code),
                     text(order));
}

std::string tuple(const std::vector<std::int64_t>& values) {
  std::string opcodes = "(";
  for (const std::int64_t value : values) opcodes += integer(value);
  return opcodes + "t";
}

// An array as _reconstruct makes it. `elements` and `type` are opcodes.
std::string array(const std::vector<std::int64_t>& shape, const std::string& type,
                  const std::string& elements, const std::string& order = "\x89",
                  const std::string& module = "numpy.core.multiarray") {
  return fmt::format("{}{}(K{}t{}tR(K\x01{}{}{}{}tb", global(module, "_reconstruct") + "(",
                     global("numpy", "ndarray"), '\0', text("b"), tuple(shape), type, order,
                     elements);
}

// An array as protocol 5 writes it.
std::string buffer(const std::vector<std::int64_t>& shape, const std::string& type,
                   const std::string& elements, const std::string& order) {
  return fmt::format("{}({}{}{}{}tR", global("numpy._core.numeric", "_frombuffer"), elements, type,
                     tuple(shape), text(order));
}

std::string encoded(const std::string& characters, const std::string& encoding = "latin1") {
  return fmt::format("{}({}{}tR", global("_codecs", "encode"), text(characters), text(encoding));
}

// Runs `use` on the array that the opcodes make.
template <class Use>
auto with_array(const std::string& opcodes, Use use) {
  PickleHeap heap;
  ByteReader reader(source_of(pickle(opcodes)));
  return use(numpy_array_of(load_pickle(reader, heap)));
}

std::vector<std::int64_t> numbers(const std::string& opcodes) {
  return with_array(opcodes, [](const std::optional<NumpyArray>& found) {
    REQUIRE(found.has_value());
    return whole_numbers_in(*found, 100);
  });
}

std::string refusal(const std::string& opcodes) {
  return test::error_of(numbers, opcodes);
}

TEST_CASE("The numbers of an array are read, whichever way it was pickled") {
  using Numbers = std::vector<std::int64_t>;
  const std::string raw = text(bytes("\x01\xff"));
  CHECK(numbers(array({2}, dtype("u1", "|"), raw)) == Numbers{1, 255});
  CHECK(numbers(array({1, 2}, dtype("i1", "|"), raw)) == Numbers{1, -1});
  CHECK(numbers(array({1}, dtype("i2", "<"), raw)) == Numbers{-255});
  CHECK(numbers(array({1}, dtype("i2", ">"), raw)) == Numbers{511});
  CHECK(numbers(array({1}, dtype("u2", "<"), raw, "\x88", "numpy._core.multiarray")) ==
        Numbers{65281});
  CHECK(numbers(array({0}, dtype("u1", "|"), text(""))).empty());
  CHECK(numbers(buffer({2}, dtype("u1", "|"), raw, "C")) == Numbers{1, 255});
  const std::string eight = text(bytes("\xfe\xff\xff\xff\xff\xff\xff\xff"));
  CHECK(numbers(array({1}, dtype("i8", "<"), eight)) == Numbers{-2});
  // U+0001 and U+00FF in UTF-8.
  CHECK(numbers(array({2}, dtype("u1", "|"), encoded("\x01\xc3\xbf"))) == Numbers{1, 255});
  CHECK(numbers(array({3}, dtype("u1", "|"), encoded("\xc2\x80\x7f\xc2\xa9"))) ==
        Numbers{128, 127, 169});
  with_array(buffer({1, 2}, dtype("u1", "|"), raw, "F"), [](const auto& found) {
    CHECK(found->column_major);
    CHECK(found->shape == Numbers{1, 2});
  });
  with_array("K\x05", [](const auto& found) { CHECK_FALSE(found.has_value()); });
}

TEST_CASE("An array that contradicts itself is refused, and the error says how") {
  const std::string u1 = dtype("u1", "|");
  const std::string two = text("ab");
  const std::pair<std::string, std::string> cases[] = {
      {array({2}, u1, two), test::kNoError},
      {array({3}, u1, two), "3 elements of 1 bytes has 2 bytes"},
      {array({2}, dtype("u2", "<"), two), "2 elements of 2 bytes has 2 bytes"},
      {array({-2}, u1, two), "the impossible extent -2"},
      {array({INT64_MAX, 4}, u1, two), "the impossible extent 4"},
      {array(std::vector<std::int64_t>(33, 1), u1, two),
       "the shape of a NumPy array is a tuple of 33"},
      {array({2}, "N", two), "the type of a NumPy array is None"},
      {array({2}, dtype("O8", "|"), two), "the type 'O8'"},
      {array({2}, dtype("V1", "|"), two), "the type 'V1'"},
      {array({2}, dtype("u0", "|"), two), "the type 'u0'"},
      {array({2}, dtype("u1x", "|"), two), "the type 'u1x'"},
      {array({1}, dtype("f2", "<"), two), "holds no whole numbers"},
      {array({2}, u1, "]"), "the elements of a NumPy array are a list of 0"},
      {array({2}, u1, two, "N"), "the order of a NumPy array is None"},
      {array({2}, u1, encoded("ab", "utf-8")), "the elements of a NumPy array are an object"},
      {array({2}, u1, encoded("\xe2\x82\xac")), "other characters than bytes"},
      {array({1}, u1, encoded("\xc3")), "end within a character"},
      {array({101}, u1, text(std::string(101, 'x'))), "holds 101 numbers, and 100 are the most"},
      {buffer({2}, u1, two, "A"), "the order of a NumPy array is the text 'A'"},
      {global("numpy.core.numeric", "_frombuffer") + ")R", "is made of 0 values"},
      {global("numpy.core.multiarray", "_reconstruct") + ")R",
       "the state of a NumPy array is nothing"},
  };
  for (const auto& [opcodes, sentence] : cases) {
    CAPTURE(sentence);
    const std::string why = refusal(opcodes);
    CHECK_MESSAGE(why.find(sentence) != std::string::npos, why);
  }
}

TEST_CASE("Strings beyond a mebibyte stay in the file") {
  const std::string elements((std::size_t{1} << 20) + 1, 'x');
  const std::string content = pickle(text(elements));
  PickleHeap heap(1 << 16);  // far less than the string
  ByteReader reader(source_of(content));
  const PickleValue value = load_pickle(reader, heap);
  const auto* kept = get_if<PickleLongText>(value);
  REQUIRE(kept != nullptr);
  CHECK(kept->bytes->size() == elements.size());
  std::byte last{};
  kept->bytes->read(elements.size() - 1, {&last, 1});
  CHECK(last == std::byte{'x'});
  CHECK(describe(value) == "a text of 1048577 bytes");
  with_array(array({1, (1 << 20) + 1}, dtype("u1", "|"), text(elements)),
             [&](const auto& found) { CHECK(found->bytes->size() == elements.size()); });
}

}  // namespace
}  // namespace odin
