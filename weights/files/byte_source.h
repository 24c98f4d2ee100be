// Bytes from an untrusted file, read with every bound checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "weights/files/input_file.h"

namespace odin {

// A sequence of bytes of known length: a file or part of one.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  virtual std::uint64_t size() const = 0;
  // Copies the bytes [offset, offset + out.size()). Throws Error if they reach past the end.
  void read(std::uint64_t offset, std::span<std::byte> out) const;

 private:
  virtual void read_within(std::uint64_t offset, std::span<std::byte> out) const = 0;
};

using SharedSource = std::shared_ptr<const ByteSource>;

// A file, read only as far as it is asked for: it may be larger than the memory.
SharedSource in_file(InputFile file);

// Bytes in memory.
SharedSource in_memory(std::vector<std::byte> bytes);

// The bytes [offset, offset + size) of another source. Throws Error if they reach past its end.
SharedSource window(SharedSource whole, std::uint64_t offset, std::uint64_t size);

// Calls `take` with each block of a source, in order.
void for_each_block(const ByteSource& source,
                    const std::function<void(std::span<const std::byte>)>& take);

// The SHA-256 of a source: 64 hexadecimal digits.
std::string sha256(const ByteSource& source);

// Reads a source from front to back, in blocks.
class ByteReader {
 public:
  explicit ByteReader(SharedSource source);

  const SharedSource& source() const { return source_; }
  std::uint64_t position() const { return block_begin_ + next_; }
  std::uint64_t remaining() const { return source_->size() - position(); }

  // Each throws Error if the source ends before the requested bytes, and before it allocates
  // memory.
  std::uint8_t byte() {
    if (next_ == block_.size()) load_block();
    return static_cast<std::uint8_t>(block_[next_++]);
  }
  void bytes(std::span<std::byte> out);
  std::string text(std::uint64_t length);
  // The text up to the next newline, which is consumed and dropped; at most `most` bytes.
  std::string line(std::size_t most);
  void skip(std::uint64_t count);

  // An integer of T's size, least significant byte first.
  template <class T>
  T little_endian() {
    static_assert(std::is_integral_v<T>);
    std::make_unsigned_t<T> value = 0;
    for (unsigned i = 0; i < sizeof(T); ++i) {
      value |= static_cast<std::make_unsigned_t<T>>(std::make_unsigned_t<T>{byte()} << (8 * i));
    }
    return static_cast<T>(value);
  }

 private:
  void load_block();

  SharedSource source_;
  std::vector<std::byte> block_;  // the bytes [block_begin_, block_begin_ + block_.size())
  std::uint64_t block_begin_ = 0;
  std::size_t next_ = 0;
};

}  // namespace odin
