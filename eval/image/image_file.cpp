#include "eval/image/image_file.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "eval/image/codec.h"
#include "kernels/error.h"

namespace odin {

std::size_t InputStream::fill() {
  const std::size_t count = file_.read_some(offset_, buffer_.data(), buffer_.size());
  offset_ += static_cast<std::int64_t>(count);
  return count;
}

void keep_message(CodecMessage& message, const char* text) {
  if (text == message.data()) return;
  const std::size_t length = std::min(std::strlen(text), message.size() - 1);
  std::copy_n(text, length, message.data());
  message[length] = '\0';
}

void read_image_file(const std::filesystem::path& file, ImageFit fit, std::uint8_t* pixels,
                     CropDraw draw) {
  const InputFile input(file);
  require(input.size() > 0, "'{}' is empty, where a PNG or JPEG image is needed", file.string());
  std::array<std::uint8_t, 4> start{};
  input.read_some(0, start.data(), start.size());

  ImageFitter fitter(file.string(), fit, pixels, draw);
  InputStream stream(input);
  if (start == std::array<std::uint8_t, 4>{0x89, 'P', 'N', 'G'}) {
    decode_png(stream, fitter);
  } else if (start[0] == 0xFF && start[1] == 0xD8) {
    decode_jpeg(stream, fitter);
  } else {
    fail("'{}' is neither a PNG nor a JPEG image: convert it, or take it out of the data set",
         file.string());
  }
}

}  // namespace odin
