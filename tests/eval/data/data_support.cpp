#include "tests/eval/data/data_support.h"

#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <jpeglib.h>
#include <png.h>
#include <zlib.h>

#include "eval/image/image_file.h"
#include "kernels/error.h"
#include "kernels/philox.h"
#include "tests/support/support.h"

namespace odin::test {
namespace fs = std::filesystem;
namespace {

std::FILE* open_to_write(const fs::path& path) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) throw std::runtime_error("cannot write " + path.string());
  return file;
}

}  // namespace

void write_file(const fs::path& path, const Bytes& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

Bytes read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return Bytes(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

void write_gzip(const fs::path& path, const Bytes& bytes) {
  gzFile file = gzopen(path.c_str(), "wb");
  const int written = gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  if (gzclose(file) != Z_OK || written != static_cast<int>(bytes.size())) {
    throw std::runtime_error("cannot write " + path.string());
  }
}

Bytes noise_bytes(std::size_t count, std::uint64_t seed) {
  Bytes bytes(count);
  for (std::size_t i = 0; i < count; ++i) {
    bytes[i] = static_cast<std::uint8_t>(philox_bits(seed, 0, i) >> 24);
  }
  return bytes;
}

void append_u32(Bytes& bytes, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<std::uint8_t>(value >> shift));
  }
}

void write_png(const fs::path& path, const PngImage& image) {
  std::FILE* file = open_to_write(path);
  // Without our handlers libpng would abort the program on an error.
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_init_io(png, file);
  png_set_IHDR(png, info, static_cast<png_uint_32>(image.width),
               static_cast<png_uint_32>(image.height), image.bit_depth, image.colour_type,
               image.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_BASE, PNG_FILTER_TYPE_BASE);
  std::vector<png_color> palette;
  for (std::size_t i = 0; i + 2 < image.palette.size(); i += 3) {
    palette.push_back({image.palette[i], image.palette[i + 1], image.palette[i + 2]});
  }
  if (!palette.empty()) png_set_PLTE(png, info, palette.data(), static_cast<int>(palette.size()));
  png_set_check_for_invalid_index(png, -1);
  png_write_info(png, info);
  const std::size_t row_bytes = png_get_rowbytes(png, info);
  Bytes data = image.data;
  if (data.size() != row_bytes * static_cast<std::size_t>(image.height)) {
    throw std::runtime_error("the data of a PNG image do not fit its size");
  }
  std::vector<png_bytep> rows(static_cast<std::size_t>(image.height));
  for (std::size_t y = 0; y < rows.size(); ++y) rows[y] = data.data() + y * row_bytes;
  png_write_image(png, rows.data());
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  std::fclose(file);
}

void write_jpeg(const fs::path& path, const JpegImage& image) {
  std::FILE* file = open_to_write(path);
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  jpeg_stdio_dest(&jpeg, file);
  jpeg.image_width = static_cast<JDIMENSION>(image.width);
  jpeg.image_height = static_cast<JDIMENSION>(image.height);
  jpeg.input_components = image.channels;
  jpeg.in_color_space = image.channels == 1   ? JCS_GRAYSCALE
                        : image.channels == 3 ? JCS_RGB
                                              : JCS_CMYK;
  jpeg_set_defaults(&jpeg);
  if (image.progressive) jpeg_simple_progression(&jpeg);
  jpeg_start_compress(&jpeg, TRUE);
  Bytes data = image.data;
  const std::size_t row_bytes =
      static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.channels);
  while (jpeg.next_scanline < jpeg.image_height) {
    JSAMPROW row = data.data() + jpeg.next_scanline * row_bytes;
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  std::fclose(file);
}

void write_plain_png(const fs::path& path, std::uint8_t red, std::uint8_t green,
                     std::uint8_t blue) {
  PngImage image;
  for (int i = 0; i < 32 * 32; ++i) image.data.insert(image.data.end(), {red, green, blue});
  write_png(path, image);
}

Bytes read_image(const fs::path& file, ImageFit fit, const ImageShape& shape) {
  Bytes pixels(static_cast<std::size_t>(shape.elements()));
  read_image_file(file, fit, shape, pixels.data());
  return pixels;
}

std::vector<float> read_all(const Dataset& dataset, std::int64_t chunk) {
  std::vector<float> pixels(static_cast<std::size_t>(dataset.size() * dataset.shape().elements()),
                            -1.0f);
  for (std::int64_t begin = 0; begin < dataset.size(); begin += chunk) {
    dataset.read(begin, std::min(chunk, dataset.size() - begin),
                 pixels.data() + begin * dataset.shape().elements());
  }
  return pixels;
}

std::vector<int> read_all_bytes(const Dataset& dataset) {
  std::vector<int> bytes;
  bytes.reserve(static_cast<std::size_t>(dataset.size() * dataset.shape().elements()));
  for (const float pixel : read_all(dataset)) {
    const int byte = static_cast<int>(std::lround(pixel * 255));
    bytes.push_back(static_cast<float>(byte) / 255.0f == pixel ? byte : -1);
  }
  return bytes;
}

bool holds(std::string_view text, std::initializer_list<std::string_view> parts) {
  for (const std::string_view part : parts) {
    if (text.find(part) == std::string_view::npos) return false;
  }
  return true;
}

bool run_pillow(const std::string& arguments) {
  constexpr int kLacking = 77;  // the script's status where Pillow or torchvision is not installed
  const ProgramResult result = run_program(fmt::format(
      "/usr/bin/python3 '{}/tests/eval/image/pillow_images.py' {}", ODIN_SOURCE_DIR, arguments));
  const bool no_python = result.exit_status == 127;
  if (no_python || result.exit_status == kLacking) {
    skip(no_python ? "/usr/bin/python3 is not installed" : result.errors);
    return false;
  }
  INFO(result.errors);
  REQUIRE(result.exit_status == 0);
  return true;
}

bool unpack_shared(std::string_view set, const fs::path& to) {
  const fs::path script = shared_folder() / "data" / "unpack.py";
  if (shared_folder().empty() || !fs::exists(script)) {
    skip("../shared/data, the real data, is absent");
    return false;
  }
  const ProgramResult result =
      run_program(fmt::format("/usr/bin/python3 '{}' '{}' {}", script.string(), to.string(), set));
  INFO(result.errors);
  REQUIRE(result.exit_status == 0);
  return true;
}

}  // namespace odin::test
