#include "weights/files/signatures.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "weights/files/gunzip.h"

namespace odin {
namespace {

using namespace std::string_view_literals;

// The first `count` bytes, or nothing if the file is shorter.
std::string first_bytes(const ByteSource& file, std::size_t count) {
  if (file.size() < count) return "";
  std::string bytes(count, '\0');
  file.read(0, std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

}  // namespace

bool looks_like_gzip(const ByteSource& file) {
  const std::string begin = first_bytes(file, 2);
  return looks_like_gzip(std::as_bytes(std::span(begin)));
}

bool looks_like_hdf5(const ByteSource& file) {
  constexpr std::string_view kSignature = "\x89HDF\r\n\x1a\n";
  std::string found(kSignature.size(), '\0');
  for (std::uint64_t at = 0; at + found.size() <= file.size(); at = at == 0 ? 512 : 2 * at) {
    file.read(at, std::as_writable_bytes(std::span(found)));
    if (found == kSignature) return true;
  }
  return false;
}

bool looks_like_safetensors(const ByteSource& file) {
  return first_bytes(file, 9).ends_with("\0\0\0\0{"sv);
}

bool looks_like_zip(const ByteSource& file) {
  return first_bytes(file, 4) == "PK\x03\x04";
}

}  // namespace odin
