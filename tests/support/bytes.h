// Bytes for the reader of PyTorch's files, built by hand: pickles, archives and containers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weights/files/byte_source.h"

namespace odin::test {

// A string that may contain zeros.
inline std::string bytes(std::string_view text) {
  return std::string(text);
}
template <std::size_t N>
std::string bytes(const char (&literal)[N]) {
  return std::string(literal, N - 1);
}

// The `count` lowest bytes of a number, least significant first.
std::string little(std::uint64_t value, int count);

SharedSource source_of(std::string_view content);

// Opcodes of pickles.
std::string text(std::string_view value);                            // BINUNICODE
std::string global(std::string_view module, std::string_view name);  // GLOBAL
std::string integer(std::int64_t value);                             // LONG1
std::string storage_id(std::string_view type, std::string_view key, std::int64_t count);
// _rebuild_tensor_v2 of float32 elements from a storage of `count` of them.
std::string tensor(std::string_view key, std::int64_t count, const std::vector<std::int64_t>& shape,
                   const std::vector<std::int64_t>& strides, std::int64_t offset = 0);
// A dict of strings and opcodes that push the values.
std::string dict(const std::vector<std::pair<std::string, std::string>>& entries);

// An archive of stored entries. `zip64` writes sizes and offsets as archives beyond 4 GiB do.
using Files = std::vector<std::pair<std::string, std::string>>;
std::string zip(const Files& files, bool zip64 = false);
// A TAR archive (ustar) of regular files, optionally without the end marker.
std::string tar(const Files& files, bool with_end = true);
std::string tar_header(const std::string& name, std::uint64_t size, char kind = '0');
std::string gzip(std::string_view content);

// The containers. `object` is opcodes without PROTO and STOP; a storage is a key and its bytes.
std::string zip_container(std::string_view object, const Files& storages);
std::string magic_container(std::string_view object, const Files& storages,
                            std::uint64_t element_size = 4);

// A safetensors file.
std::string safetensors(std::string_view header, std::string_view data);

// A pickle of protocol 2 with these opcodes.
std::string pickle(std::string_view opcodes);

// The floats 0, 1, 2, ... as a storage holds them.
std::string counted_floats(int count);

}  // namespace odin::test
