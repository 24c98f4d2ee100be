#include "weights/chunk_codec.h"

#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <type_traits>

#include <zlib.h>

#include "kernels/error.h"

namespace odin {
namespace {

static_assert(std::endian::native == std::endian::little && sizeof(float) == 4 &&
                  sizeof(double) == 8,
              "checkpoints hold little-endian floats, which are copied unchanged");

// deflate normally searches for repeated strings. The bytes of weights have none: for a Wide ResNet
// the search takes three to twenty times as long and gives 2 % more bytes than coding each byte by
// its frequency alone. What compresses well is the plane of signs and exponents.
constexpr int kLevel = 1;
constexpr int kStrategy = Z_HUFFMAN_ONLY;
constexpr int kWindowBits = 15;
constexpr int kMemoryLevel = 8;

// The unsigned integer of a value's bits.
template <class T>
using BitsOf = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

template <class T>
Bytes shuffled(std::span<const T> values) {
  const std::size_t n = values.size();
  Bytes planes(sizeof(T) * n);
  for (std::size_t i = 0; i < n; ++i) {
    const auto bits = std::bit_cast<BitsOf<T>>(values[i]);
    for (std::size_t plane = 0; plane < sizeof(T); ++plane) {
      planes[plane * n + i] = static_cast<unsigned char>(bits >> (8 * plane));
    }
  }
  return planes;
}

template <class T>
void unshuffle(const unsigned char* planes, std::span<T> values) {
  const std::size_t n = values.size();
  for (std::size_t i = 0; i < n; ++i) {
    BitsOf<T> bits = 0;
    for (std::size_t plane = 0; plane < sizeof(T); ++plane) {
      bits |= BitsOf<T>{planes[plane * n + i]} << (8 * plane);
    }
    values[i] = std::bit_cast<T>(bits);
  }
}

uInt zlib_size(std::size_t size) {
  require(size <= std::numeric_limits<uInt>::max(), "a chunk of {} bytes is more than zlib takes",
          size);
  return static_cast<uInt>(size);
}

Bytes deflated(const Bytes& plain) {
  z_stream stream{};
  if (deflateInit2(&stream, kLevel, Z_DEFLATED, kWindowBits, kMemoryLevel, kStrategy) != Z_OK) {
    throw std::bad_alloc();
  }
  Bytes packed(deflateBound(&stream, static_cast<uLong>(plain.size())));
  stream.next_in = const_cast<unsigned char*>(plain.data());
  stream.avail_in = zlib_size(plain.size());
  stream.next_out = packed.data();
  stream.avail_out = zlib_size(packed.size());
  const int status = deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  require(status == Z_STREAM_END, "zlib cannot compress a chunk (status {})", status);
  return packed;
}

void inflate_into(std::span<const unsigned char> packed, std::span<unsigned char> plain) {
  z_stream stream{};
  if (inflateInit(&stream) != Z_OK) throw std::bad_alloc();
  stream.next_in = const_cast<unsigned char*>(packed.data());
  stream.avail_in = zlib_size(packed.size());
  stream.next_out = plain.data();
  stream.avail_out = zlib_size(plain.size());
  const int status = inflate(&stream, Z_FINISH);
  const bool whole = status == Z_STREAM_END && stream.avail_out == 0 && stream.avail_in == 0;
  inflateEnd(&stream);
  require(whole, "its compressed bytes are damaged");
}

template <class T>
void decode(std::span<const unsigned char> stored, ChunkFilters filters, std::span<T> values) {
  const std::span<unsigned char> target(reinterpret_cast<unsigned char*>(values.data()),
                                        values.size_bytes());
  if (filters.deflate && !filters.shuffle) return inflate_into(stored, target);

  Bytes planes;
  if (filters.deflate) {
    planes.resize(target.size());
    inflate_into(stored, planes);
    stored = planes;
  }
  require(stored.size() == target.size(), "a chunk of {} bytes is stored in {}", target.size(),
          stored.size());
  if (filters.shuffle) {
    unshuffle(stored.data(), values);
  } else if (!target.empty()) {
    std::memcpy(target.data(), stored.data(), target.size());
  }
}

}  // namespace

Bytes encode_chunk(std::span<const float> values) {
  return deflated(shuffled(values));
}

Bytes encode_chunk(std::span<const double> values) {
  return deflated(shuffled(values));
}

void decode_chunk(std::span<const unsigned char> stored, ChunkFilters filters,
                  std::span<float> values) {
  decode(stored, filters, values);
}

void decode_chunk(std::span<const unsigned char> stored, ChunkFilters filters,
                  std::span<double> values) {
  decode(stored, filters, values);
}

}  // namespace odin
