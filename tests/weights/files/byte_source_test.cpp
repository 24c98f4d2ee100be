#include "weights/files/byte_source.h"

#include <doctest/doctest.h>

#include "kernels/error.h"
#include "tests/support/bytes.h"

namespace odin {
namespace {

TEST_CASE("a part of a part has the bytes of the whole, however many parts lie around it") {
  SharedSource part = test::source_of("0123456789");
  part = window(part, 1, 8);
  part = window(part, 2, 5);
  CHECK(ByteReader(part).text(5) == "34567");
  CHECK_THROWS_WITH_AS(window(part, 3, 3), doctest::Contains("the data ends at byte 5"), Error);
  CHECK_THROWS_AS(ByteReader(part).text(6), Error);
  for (int i = 0; i < 1'000'000; ++i) part = window(part, 0, 5);  // more than a stack is deep
  CHECK(ByteReader(part).text(5) == "34567");
}

}  // namespace
}  // namespace odin
