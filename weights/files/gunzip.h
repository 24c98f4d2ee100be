// Data compressed with gzip (RFC 1952), decompressed piece by piece.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>

namespace odin {

// Whether data that begins with these bytes is gzip data.
bool looks_like_gzip(std::span<const std::byte> begin);

// Decompresses one member or several that follow one another; zeros after a member are padding. Its
// memory does not grow with the data, so the caller decides how much of a bomb to unpack.
class Gunzip {
 public:
  // Writes the next compressed bytes to `out` and returns their number: 0 only at the end of the
  // data.
  using Source = std::function<std::size_t(std::span<std::byte> out)>;

  explicit Gunzip(Source source);
  ~Gunzip();
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;

  // Fills `out` with the next decompressed bytes, fewer only at the end, and returns their number.
  // Throws Error if the data is damaged or ends early.
  std::size_t read(std::span<std::byte> out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace odin
