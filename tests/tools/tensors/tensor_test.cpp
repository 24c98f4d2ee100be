// Tensors as views of storages, of any element type, strides and offset.
#include "tools/tensors/tensor.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/bytes.h"
#include "tests/support/error_of.h"
#include "tests/support/support.h"

namespace odin::pytorch {
namespace {

using test::contains;
using test::little;
using test::source_of;

std::shared_ptr<const Storage> storage_of(const std::string& type, const std::string& content,
                                          bool big_endian = false) {
  const ElementType* element = find_element_type(type);
  REQUIRE(element != nullptr);
  return std::make_shared<Storage>(
      Storage{element, content.size() / element->size, source_of(content), big_endian, "cpu"});
}

std::vector<float> row(const std::shared_ptr<const Storage>& storage) {
  return read_elements({storage, {static_cast<std::int64_t>(storage->count)}, {1}, 0});
}

std::string reversed(std::string content, std::size_t size) {
  for (std::size_t i = 0; i < content.size(); i += size) {
    std::reverse(content.begin() + static_cast<std::ptrdiff_t>(i),
                 content.begin() + static_cast<std::ptrdiff_t>(i + size));
  }
  return content;
}

std::string refusal(const Tensor& tensor) {
  return test::error_of([&] {
    require_valid(tensor);
    read_elements(tensor);
  });
}

TEST_CASE("Elements of every floating-point type become floats as PyTorch converts them") {
  struct Case {
    const char* type;
    std::size_t size;
    std::vector<std::pair<std::uint64_t, float>> elements;  // bits, value
  };
  const std::vector<Case> cases = {
      {"FloatStorage", 4, {{0x3fc00000, 1.5F}, {0x80000000, -0.0F}, {1, 0x1p-149F}}},
      {"DoubleStorage",
       8,
       {{0x3ff8000000000000, 1.5F},
        {0x3ff0000010000000, 1.0F},           // halfway to the next float: to the even one
        {0x3ff0000010000001, 0x1.000002p0F},  // just above
        {0x36a0000000000000, 0x1p-149F}}},
      {"HalfStorage",
       2,
       {{0x3e00, 1.5F},
        {0x8000, -0.0F},
        {0x0001, 0x1p-24F},
        {0x83ff, -0x1.ff8p-15F},
        {0x0400, 0x1p-14F},
        {0x7bff, 65504.0F},
        {0xfc00, -std::numeric_limits<float>::infinity()}}},
      {"BFloat16Storage", 2, {{0x3fc0, 1.5F}, {0x8000, -0.0F}, {0x7f7f, 0x1.fep127F}}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.type);
    std::string content;
    for (const auto& [bits, value] : c.elements) content += little(bits, static_cast<int>(c.size));
    const std::vector<float> values = row(storage_of(c.type, content));
    const std::vector<float> swapped = row(storage_of(c.type, reversed(content, c.size), true));
    REQUIRE(values.size() == c.elements.size());
    REQUIRE(swapped.size() == c.elements.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      CAPTURE(i);
      // Exact, and -0 is not 0.
      CHECK(values[i] == c.elements[i].second);
      CHECK(std::signbit(values[i]) == std::signbit(c.elements[i].second));
      CHECK(swapped[i] == values[i]);
    }
  }
  CHECK(std::isnan(row(storage_of("HalfStorage", little(0x7e01, 2)))[0]));
}

TEST_CASE("Elements that are no floating-point numbers are refused by their type") {
  for (const char* type :
       {"ByteStorage", "CharStorage", "ShortStorage", "IntStorage", "LongStorage", "BoolStorage",
        "ComplexFloatStorage", "ComplexDoubleStorage", "QInt8Storage", "UntypedStorage"}) {
    CAPTURE(type);
    const auto storage = storage_of(type, std::string(32, '\0'));
    const std::string why = refusal({storage, {1}, {1}, 0});
    CHECK_MESSAGE(contains(why, std::string(storage->type->name)), why);
    CHECK_MESSAGE(contains(why, "not floating-point"), why);
  }
  CHECK(find_element_type("StringStorage") == nullptr);
}

TEST_CASE("Strides of any order and an offset pick the right elements") {
  const auto storage = storage_of("FloatStorage", test::counted_floats(24));
  const auto read = [&](std::vector<std::int64_t> shape, std::vector<std::int64_t> strides,
                        std::int64_t offset) {
    const Tensor tensor{storage, std::move(shape), std::move(strides), offset};
    require_valid(tensor);
    return read_elements(tensor);
  };
  using Floats = std::vector<float>;
  CHECK(read({2, 3}, {3, 1}, 4) == Floats{4, 5, 6, 7, 8, 9});
  CHECK(read({2, 3}, {1, 2}, 0) == Floats{0, 2, 4, 1, 3, 5});   // transposed
  CHECK(read({2, 3}, {6, 2}, 1) == Floats{1, 3, 5, 7, 9, 11});  // every other
  CHECK(read({2, 3}, {0, 1}, 5) == Floats{5, 6, 7, 5, 6, 7});   // expanded
  CHECK(read({3}, {0}, 23) == Floats{23, 23, 23});
  CHECK(read({2, 2, 2, 1}, {4, 1, 2, 9}, 0) == Floats{0, 2, 1, 3, 4, 6, 5, 7});  // channels last
  CHECK(read({3, 2}, {1, 1}, 0) == Floats{0, 1, 1, 2, 2, 3});                    // overlapping
  CHECK(read({}, {}, 7) == Floats{7});
  CHECK(read({1, 1, 3}, {99, 99, 1}, 21) == Floats{21, 22, 23});  // strides of single indices
  CHECK(read({2, 0}, {5, 1}, 99).empty());
}

TEST_CASE("Large tensors are read in blocks") {
  constexpr int kCount = 200001;
  const auto storage = storage_of("FloatStorage", test::counted_floats(kCount));
  const std::vector<float> values = row(storage);
  REQUIRE(values.size() == kCount);
  for (int i = 0; i < kCount; ++i) {
    if (values[static_cast<std::size_t>(i)] != static_cast<float>(i)) FAIL(i);
  }
  const std::vector<float> columns = read_elements({storage, {1000, 200}, {1, 1000}, 1});
  for (int i = 0; i < 200000; ++i) {
    const int expected = 1 + i / 200 + i % 200 * 1000;
    if (columns[static_cast<std::size_t>(i)] != static_cast<float>(expected)) FAIL(i);
  }
}

TEST_CASE("Views that make no sense are errors") {
  const auto storage = storage_of("FloatStorage", test::counted_floats(24));
  constexpr std::int64_t kHuge = std::int64_t{1} << 62;
  const std::vector<std::pair<Tensor, const char*>> cases = {
      {{storage, {25}, {1}, 0}, "beyond its storage of 24"},
      {{storage, {24}, {1}, 1}, "beyond its storage"},
      {{storage, {2, 3}, {22, 1}, 0}, "beyond its storage"},
      {{storage, {}, {}, 24}, "beyond its storage"},
      {{nullptr, {1}, {1}, 0}, "beyond its storage of 0"},
      {{storage, {1}, {1}, -1}, "begins at element -1"},
      {{storage, {-1}, {1}, 0}, "extent -1"},
      {{storage, {2}, {-1}, 1}, "stride -1"},
      {{storage, {2}, {1, 1}, 0}, "1 extents and 2 strides"},
      {{storage, {kHuge, kHuge}, {0, 0}, 0}, "beyond its storage"},
      {{storage, {kHuge, kHuge, 0}, {0, 0, 0}, 0}, "beyond its storage"},
      {{storage, {4}, {kHuge}, 0}, "beyond its storage"},
      {{storage, {1}, {1}, INT64_MAX}, "beyond its storage"},
      {{storage, {3}, {kHuge}, kHuge}, "beyond its storage"},
      {{storage, std::vector<std::int64_t>(65, 1), std::vector<std::int64_t>(65, 1), 0},
       "65 extents"},
  };
  for (const auto& [bad, sentence] : cases) {
    const Tensor& tensor = bad;  // what CAPTURE captures may not be a structured binding
    CAPTURE(shape_text(tensor.shape));
    const std::string why = refusal(tensor);
    CHECK_MESSAGE(contains(why, sentence), why);
  }
}

TEST_CASE("A few elements spread over a large storage are refused rather than sought") {
  const auto storage = storage_of("FloatStorage", std::string(std::size_t{8} << 20, '\0'));
  const std::string why = refusal({storage, {2}, {(2 << 20) - 1}, 0});
  CHECK_MESSAGE(contains(why, "2 elements are spread over"), why);
}

}  // namespace
}  // namespace odin::pytorch
