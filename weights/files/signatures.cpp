#include "weights/files/signatures.h"

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
  return first_bytes(file, 4) == "\x89HDF";
}

bool looks_like_safetensors(const ByteSource& file) {
  return first_bytes(file, 9).ends_with("\0\0\0\0{"sv);
}

bool looks_like_zip(const ByteSource& file) {
  return first_bytes(file, 4) == "PK\x03\x04";
}

}  // namespace odin
