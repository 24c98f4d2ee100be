// The two decoders behind read_image_file(): each reads a file from its start and hands rows on.
#pragma once

#include <array>
#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <string>

#include "eval/image/fit.h"
#include "kernels/error.h"
#include "weights/files/input_file.h"

namespace odin {

// A file read from front to back.
class InputStream {
 public:
  explicit InputStream(const InputFile& file) : file_(file) {}

  const InputFile& file() const { return file_; }
  // Fills buffer() with what comes next and returns its length, 0 at the end. Throws Error.
  std::size_t fill();
  const std::uint8_t* buffer() const { return buffer_.data(); }
  // Leaves out `count` bytes of the file from where the last fill() ended.
  void skip(std::int64_t count) { offset_ += count; }

 private:
  const InputFile& file_;
  std::int64_t offset_ = 0;
  std::array<std::uint8_t, 16384> buffer_;
};

// Longest message that the decoders keep of what their library says.
using CodecMessage = std::array<char, 256>;

// What both decoders need around their library, which reports an error by a long jump. The jump must
// pass no C++ object that needs destroying: so the library is called only inside guarded(), and
// nothing else is called there.
class GuardedCodec {
 public:
  // `format` is the image's in messages: "PNG".
  GuardedCodec(InputStream& stream, const char* format) : stream_(stream), format_(format) {}
  GuardedCodec(const GuardedCodec&) = delete;
  GuardedCodec& operator=(const GuardedCodec&) = delete;

 protected:
  ~GuardedCodec() = default;

  // Throws Error, naming the file, where the calls end in raise().
  template <class Calls>
  void guarded(const Calls& calls) {
    if (setjmp(jump_) != 0) {
      fail("'{}' cannot be decoded as a {} image ({}): replace or convert it", file_name(), format_,
           message_.data());
    }
    calls();
  }

  // Ends the calls of guarded() with what went wrong.
  [[noreturn]] void raise(const char* text);

  // stream().fill(), but 0 with a message() for raise() at the end of the file and where it cannot be
  // read: no exception may pass the library either.
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

// Both throw Error, naming the file, where it is not a whole image of the format.
void decode_png(InputStream& stream, ImageFitter& fitter);
void decode_jpeg(InputStream& stream, ImageFitter& fitter);

}  // namespace odin
