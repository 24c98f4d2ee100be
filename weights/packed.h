// Plain values one after another, in the bytes in which a file would hold them: what one process of
// this program writes and another one reads.
//
// Packer and Unpacker take the same fields in the same order, so that one function serves both. It
// is called each_field(archive, object), and found by the type of the object.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "kernels/error.h"
#include "weights/files/byte_source.h"

namespace odin {

// For each_field(), which takes an object to read its fields and to fill them.
template <class T, class Plain>
concept MaybeConst = std::same_as<std::remove_const_t<T>, Plain>;

class Packer {
 public:
  template <class... T>
  void operator()(const T&... values) {
    (put(values), ...);
  }
  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  template <std::integral T>
  void put(T value) {
    auto rest = static_cast<std::uint64_t>(value);
    for (std::size_t i = 0; i < sizeof(T); ++i, rest >>= 8) {
      bytes_.push_back(static_cast<std::byte>(rest));
    }
  }
  void put(float value) { put(std::bit_cast<std::uint32_t>(value)); }
  void put(double value) { put(std::bit_cast<std::uint64_t>(value)); }
  void put(const std::string& text) {
    put(std::uint64_t{text.size()});
    const auto bytes = std::as_bytes(std::span(text));
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  template <class T>
  void put(const std::vector<T>& values) {
    put(std::uint64_t{values.size()});
    for (const T& value : values) put(value);
  }
  template <class T>
  requires std::is_class_v<T>
  void put(const T& object) { each_field(*this, object); }

  std::vector<std::byte> bytes_;
};

// Every bound is checked: throws Error if the bytes end before a value, and before it takes more
// memory than they do.
class Unpacker {
 public:
  explicit Unpacker(std::span<const std::byte> bytes)
      : reader_(in_memory({bytes.begin(), bytes.end()})) {}

  template <class... T>
  void operator()(T&... values) {
    (get(values), ...);
  }
  std::uint64_t remaining() const { return reader_.remaining(); }

 private:
  template <std::integral T>
  void get(T& value) {
    value = reader_.little_endian<T>();
  }
  void get(bool& value) {
    const std::uint8_t byte = reader_.byte();
    require(byte <= 1, "it has {} where yes or no is expected", byte);
    value = byte == 1;
  }
  void get(float& value) { value = std::bit_cast<float>(reader_.little_endian<std::uint32_t>()); }
  void get(double& value) { value = std::bit_cast<double>(reader_.little_endian<std::uint64_t>()); }
  void get(std::string& text) { text = reader_.text(reader_.little_endian<std::uint64_t>()); }
  template <class T>
  void get(std::vector<T>& values) {
    const auto count = reader_.little_endian<std::uint64_t>();
    values.clear();
    for (std::uint64_t i = 0; i < count; ++i) get(values.emplace_back());
  }
  template <class T>
  requires std::is_class_v<T>
  void get(T& object) { each_field(*this, object); }

  ByteReader reader_;
};

}  // namespace odin
