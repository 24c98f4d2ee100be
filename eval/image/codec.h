// The two decoders behind read_image_file(): each reads a file from its start and hands rows on.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "eval/image/fit.h"
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

// Both throw Error, naming the file, where it is not a whole image of the format.
void decode_png(InputStream& stream, ImageFitter& fitter);
void decode_jpeg(InputStream& stream, ImageFitter& fitter);

// Longest message that the decoders keep of what their library says.
using CodecMessage = std::array<char, 256>;
void keep_message(CodecMessage& message, const char* text);

}  // namespace odin
