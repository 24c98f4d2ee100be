#include "weights/files/gunzip.h"

#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <zlib.h>

#include "tests/support/error_of.h"

namespace odin {
namespace {

std::string packed(const std::string& text) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// Gives `data` in pieces of at most `piece` bytes.
Gunzip::Source source_of(const std::string& data, std::size_t piece) {
  return [&data, piece, at = std::size_t{0}](std::span<std::byte> out) mutable {
    const std::size_t count = std::min({out.size(), piece, data.size() - at});
    std::copy_n(reinterpret_cast<const std::byte*>(data.data()) + at, count, out.begin());
    at += count;
    return count;
  };
}

std::string unpacked(const std::string& data, std::size_t piece = 1 << 20,
                     std::size_t block = 1000) {
  Gunzip stream(source_of(data, piece));
  std::string text;
  std::vector<std::byte> bytes(block);
  while (const std::size_t count = stream.read(bytes)) {
    text.append(reinterpret_cast<const char*>(bytes.data()), count);
  }
  return text;
}

std::string error_of(const std::string& data) {
  return test::error_of([&] { unpacked(data); });
}

TEST_CASE("gzip data is unpacked, in pieces of any size") {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += std::to_string(i * i);
  const std::string data = packed(text);
  for (const std::size_t piece : {1, 7, 1 << 20}) {
    for (const std::size_t block : {1, 999, 1 << 20}) CHECK(unpacked(data, piece, block) == text);
  }
  CHECK(unpacked(packed("")).empty());
}

TEST_CASE("gzip members that follow one another are one stream, and zeros are padding") {
  CHECK(unpacked(packed("ab") + packed("") + packed("cd")) == "abcd");
  CHECK(unpacked(packed("ab") + std::string(1000, '\0')) == "ab");
  CHECK(unpacked(packed("ab") + std::string(10, '\0') + packed("cd"), 1) == "abcd");
}

TEST_CASE("gzip data that is cut short or damaged is an error") {
  const std::string data = packed("some text that is not too short to be compressed");
  const std::string early = "its gzip data ends early (was the file cut short?)";
  for (std::size_t length = 0; length < data.size(); ++length) {
    CHECK(error_of(data.substr(0, length)) == early);
  }
  std::string checksum = data;
  checksum[checksum.size() - 6] ^= 1;
  CHECK(error_of(checksum).starts_with("its gzip data is damaged near byte "));
  CHECK(error_of(data + "xx").starts_with("its gzip data is damaged near byte "));
  CHECK(error_of("no gzip data").starts_with("its gzip data is damaged near byte "));
}

TEST_CASE("a gzip bomb is unpacked no further than is asked for") {
  const std::string bomb = packed(std::string(std::size_t{64} << 20, '\0'));
  std::size_t taken = 0;
  const Gunzip::Source source = source_of(bomb, 1000);
  Gunzip stream([&](std::span<std::byte> out) {
    const std::size_t count = source(out);
    taken += count;
    return count;
  });
  std::vector<std::byte> bytes(1 << 20);
  CHECK(stream.read(bytes) == bytes.size());
  CHECK(taken < bomb.size() / 20);
}

TEST_CASE("gzip data is known by its first two bytes") {
  const auto looks = [](const std::string& begin) {
    return looks_like_gzip(std::as_bytes(std::span(begin)));
  };
  CHECK(looks(packed("text")));
  CHECK(looks("\x1f\x8b"));
  CHECK_FALSE(looks("\x1f"));
  CHECK_FALSE(looks(""));
  CHECK_FALSE(looks("\x1f\x8c\x08"));
}

}  // namespace
}  // namespace odin
