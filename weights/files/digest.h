// Digests: SHA-256 to identify a file; FNV-1a where speed matters and nobody forges data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace odin {

// SHA-256 (FIPS 180-4) of all bytes that are added.
class Sha256 {
 public:
  // Throws Error if OpenSSL cannot compute it.
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void add(std::span<const std::byte> bytes);
  // 64 hexadecimal digits, as sha256sum prints them. Nothing can be added after it.
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// FNV-1a (Fowler, Noll & Vo), 64 bits, of all bytes that are added.
class Fnv1a {
 public:
  static constexpr std::uint64_t kOffsetBasis = 0xcbf29ce484222325;

  // Continues from the value of another digest.
  explicit Fnv1a(std::uint64_t start = kOffsetBasis) : value_(start) {}

  void add(std::string_view bytes) {
    for (const char c : bytes) value_ = (value_ ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  template <class T>
  void add(std::span<const T> values) {
    add(std::string_view(reinterpret_cast<const char*>(values.data()), values.size_bytes()));
  }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_;
};

}  // namespace odin
