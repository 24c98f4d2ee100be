#include "weights/files/digest.h"

#include <array>
#include <string>

#include <doctest/doctest.h>

namespace odin {
namespace {

std::string sha256_of(const std::string& text) {
  Sha256 digest;
  digest.add(std::as_bytes(std::span(text)));
  return digest.hex();
}

std::uint64_t fnv1a_of(std::string_view text) {
  Fnv1a digest;
  digest.add(text);
  return digest.value();
}

TEST_CASE("the SHA-256 is that of FIPS 180-4's examples") {
  CHECK(sha256_of("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("the SHA-256 does not depend on the pieces that are added") {
  const std::string text(3'000'000, 'a');
  Sha256 digest;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t count = std::min(text.size() - at, at % 70'001 + 1);
    digest.add(std::as_bytes(std::span(text).subspan(at, count)));
    at += count;
  }
  CHECK(digest.hex() == sha256_of(text));
}

TEST_CASE("FNV-1a is that of its authors' examples, and continues from a value") {
  CHECK(fnv1a_of("") == 0xcbf29ce484222325);
  CHECK(fnv1a_of("a") == 0xaf63dc4c8601ec8c);
  CHECK(fnv1a_of("foobar") == 0x85944171f73967e8);
  Fnv1a rest(fnv1a_of("foo"));
  const std::array<char, 3> bar = {'b', 'a', 'r'};
  rest.add(std::span<const char>(bar));
  CHECK(rest.value() == 0x85944171f73967e8);
}

}  // namespace
}  // namespace odin
