#include "weights/chunk_codec.h"

#include <cmath>

#include <doctest/doctest.h>
#include <zlib.h>

#include "tests/support/error_of.h"

namespace odin {
namespace {

std::vector<float> sample(std::size_t count) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = std::sin(static_cast<float>(i * i)) / 8;
  return values;
}

std::string error_of(const Bytes& stored, ChunkFilters filters, std::size_t count) {
  std::vector<float> values(count);
  return test::error_of([&] { decode_chunk(stored, filters, values); });
}

TEST_CASE("a chunk of any size is decoded to what was encoded") {
  for (const std::size_t count : {1, 2, 3, 17, 4096, 131072}) {
    const std::vector<float> values = sample(count);
    std::vector<float> decoded(count);
    decode_chunk(encode_chunk(values), {}, decoded);
    CHECK(decoded == values);
  }
}

TEST_CASE("doubles are decoded to what was encoded, and shuffled by eight bytes") {
  for (const std::size_t count : {1, 17, 4096}) {
    const std::vector<float> floats = sample(count);
    std::vector<double> values(floats.begin(), floats.end());
    for (double& value : values) value += 1e-12;
    std::vector<double> decoded(count);
    decode_chunk(encode_chunk(values), {}, decoded);
    CHECK(decoded == values);
  }
  const std::vector<double> values = {1.0, -2.5};  // 0x3ff0000000000000, 0xc004000000000000
  const Bytes planes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xf0, 0x04, 0x3f, 0xc0};
  std::vector<double> decoded(2);
  decode_chunk(planes, {.shuffle = true, .deflate = false}, decoded);
  CHECK(decoded == values);
}

TEST_CASE("the encoding is shuffle, then zlib's format") {
  const std::vector<float> values = {1.0F, -2.5F};  // 0x3f800000, 0xc0200000
  const Bytes planes = {0, 0, 0, 0, 0x80, 0x20, 0x3f, 0xc0};
  Bytes plain(8);
  uLongf size = plain.size();
  const Bytes encoded = encode_chunk(values);
  REQUIRE(uncompress(plain.data(), &size, encoded.data(), encoded.size()) == Z_OK);
  CHECK(size == 8);
  CHECK(plain == planes);
  std::vector<float> decoded(2);
  decode_chunk(planes, {.shuffle = true, .deflate = false}, decoded);
  CHECK(decoded == values);
}

TEST_CASE("each filter may be left out") {
  const std::vector<float> values = {1.0F, -2.5F};
  const Bytes plain = {0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0};
  std::vector<float> decoded(2);
  decode_chunk(plain, {.shuffle = false, .deflate = false}, decoded);
  CHECK(decoded == values);
  Bytes packed(compressBound(8));
  uLongf size = packed.size();
  REQUIRE(compress(packed.data(), &size, plain.data(), plain.size()) == Z_OK);
  packed.resize(size);
  decoded = {0, 0};
  decode_chunk(packed, {.shuffle = false, .deflate = true}, decoded);
  CHECK(decoded == values);
}

TEST_CASE("damaged, short and long chunks are refused") {
  const std::vector<float> values = sample(1000);
  const Bytes whole = encode_chunk(values);
  CHECK(error_of(whole, {}, 1000) == test::kNoError);
  const std::string damaged = "its compressed bytes are damaged";
  Bytes flipped = whole;
  flipped[flipped.size() / 2] ^= 1;
  CHECK(error_of(flipped, {}, 1000) == damaged);
  CHECK(error_of(Bytes(whole.begin(), whole.end() - 1), {}, 1000) == damaged);
  CHECK(error_of({}, {}, 1000) == damaged);
  CHECK(error_of(whole, {}, 999) == damaged);
  CHECK(error_of(whole, {}, 1001) == damaged);
  CHECK(error_of(whole, {.shuffle = false, .deflate = true}, 1001) == damaged);
  Bytes longer = whole;
  longer.push_back(0);
  CHECK(error_of(longer, {}, 1000) == damaged);
  CHECK(error_of(Bytes(7), {.shuffle = true, .deflate = false}, 2) ==
        "a chunk of 8 bytes is stored in 7");
  CHECK(error_of(Bytes(9), {.shuffle = false, .deflate = false}, 2) ==
        "a chunk of 8 bytes is stored in 9");
}

}  // namespace
}  // namespace odin
