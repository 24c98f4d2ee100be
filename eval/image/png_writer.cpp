#include "eval/image/png_writer.h"

#include <vector>

#include <png.h>

#include "kernels/error.h"

namespace odin {

std::string encode_png(std::span<const std::uint8_t> pixels, const ImageShape& shape) {
  require(std::ssize(pixels) == shape.elements(),
          "an image of {} numbers cannot be written as PNG: {} x {} x {} are needed", pixels.size(),
          shape.channels, shape.side, shape.side);
  const auto plane = static_cast<std::size_t>(shape.pixels());
  const std::size_t next = shape.channels == 1 ? 0 : plane;
  std::vector<std::uint8_t> interleaved;
  for (std::size_t i = 0; i < plane; ++i) {
    interleaved.insert(interleaved.end(), {pixels[i], pixels[next + i], pixels[2 * next + i]});
  }
  return encode_png_rows(interleaved, shape.side, shape.side);
}

std::string encode_png_rows(std::span<const std::uint8_t> rgb, int width, int height) {
  require(width > 0 && height > 0 && std::ssize(rgb) == std::ptrdiff_t{3} * width * height,
          "an image of {} numbers cannot be written as PNG of {} x {}", rgb.size(), width, height);
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = PNG_FORMAT_RGB;
  std::string bytes(PNG_IMAGE_PNG_SIZE_MAX(image), '\0');
  png_alloc_size_t size = bytes.size();
  const int written =
      png_image_write_to_memory(&image, bytes.data(), &size, 0, rgb.data(), 0, nullptr);
  require(written != 0, "an image cannot be encoded as PNG: {}", image.message);
  bytes.resize(size);
  return bytes;
}

}  // namespace odin
