// The two decoders behind read_image_file(). Each reads a file from its start and passes on its
// rows.
#pragma once

#include <array>
#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <string>

#include "eval/image/fit.h"
#include "eval/image/image_file.h"
#include "kernels/error.h"
#include "weights/files/input_file.h"

namespace odin {

// A file read from front to back.
class InputStream {
 public:
  explicit InputStream(const InputFile& file) : file_(file) {}

  const InputFile& file() const { return file_; }
  // Fills buffer() with the next bytes and returns their number, 0 at the end. Throws Error.
  std::size_t fill();
  const std::uint8_t* buffer() const { return buffer_.data(); }
  // Skips `count` bytes of the file after the last fill().
  void skip(std::int64_t count) { offset_ += count; }

 private:
  const InputFile& file_;
  std::int64_t offset_ = 0;
  std::array<std::uint8_t, 16384> buffer_;
};

// The longest message of a library that is kept.
using CodecMessage = std::array<char, 256>;

// The common part of both decoders. Their libraries report an error by a long jump, which must not
// skip the destructor of any C++ object. So the library is called only inside guarded(), and
// nothing else is called there.
class GuardedCodec {
 public:
  // `format` is the image's in messages: "PNG".
  GuardedCodec(InputStream& stream, const char* format) : stream_(stream), format_(format) {}
  GuardedCodec(const GuardedCodec&) = delete;
  GuardedCodec& operator=(const GuardedCodec&) = delete;

 protected:
  ~GuardedCodec() = default;

  // Throws Error, which names the file, if the calls end in raise().
  template <class Calls>
  void guarded(const Calls& calls) {
    if (setjmp(jump_) != 0) {
      fail("'{}' cannot be decoded as a {} image ({}): replace or convert it", file_name(), format_,
           message_.data());
    }
    calls();
  }

  // Ends the calls inside guarded() with an error.
  [[noreturn]] void raise(const char* text);

  // As stream().fill(), but returns 0, with a message() for raise(), at the end of the file and
  // also if it cannot be read: no exception may pass through the library either.
  std::size_t fill();
  const char* message() const { return message_.data(); }

  InputStream& stream() { return stream_; }
  std::string file_name() const { return stream_.file().path().string(); }

 private:
  void keep_message(const char* text);

  InputStream& stream_;
  const char* format_;
  CodecMessage message_{};
  std::jmp_buf jump_;
};

// How much of an image to decode. The header ends before the first row: the fitter learns the size
// only.
enum class ImagePart : std::uint8_t { kHeader, kWhole };

// Both throw Error, which names the file, unless it is an image of the format, as far as it is
// decoded.
void decode_png(InputStream& stream, ImageFitter& fitter, ImagePart part);
void decode_jpeg(InputStream& stream, ImageFitter& fitter, ImagePart part, JpegChroma chroma);

}  // namespace odin
