// Shared by the tests of data sets: writes files for them to read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "eval/data/dataset.h"
#include "eval/image/fit.h"
#include "tests/support/support.h"

namespace odin::test {

using Bytes = std::vector<std::uint8_t>;

void write_file(const std::filesystem::path& path, const Bytes& bytes);
Bytes read_file(const std::filesystem::path& path);
// The bytes, gzipped.
void write_gzip(const std::filesystem::path& path, const Bytes& bytes);

// `count` bytes that look random and depend on `seed`.
Bytes noise_bytes(std::size_t count, std::uint64_t seed);

// Big-endian, as in PNG and IDX.
void append_u32(Bytes& bytes, std::uint32_t value);

struct PngImage {
  int width = 32;
  int height = 32;
  int colour_type = 2;  // PNG's: 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA
  int bit_depth = 8;
  bool interlaced = false;
  Bytes palette;  // RGB
  Bytes data;     // packed rows, as PNG has them before filtering
};
void write_png(const std::filesystem::path& path, const PngImage& image);

struct JpegImage {
  int width = 32;
  int height = 32;
  int channels = 3;  // 1 grey, 3 RGB, 4 CMYK
  bool progressive = false;
  Bytes data;  // (height, width, channels)
};
void write_jpeg(const std::filesystem::path& path, const JpegImage& image);

// A 32 x 32 PNG of one colour.
void write_plain_png(const std::filesystem::path& path, std::uint8_t red, std::uint8_t green,
                     std::uint8_t blue);

// The pixels (channels, side, side) of an image file.
Bytes read_image(const std::filesystem::path& file, ImageFit fit = ImageFit::kExact,
                 const ImageShape& shape = {});

// All images, (size, channels, side, side), read in chunks of `chunk`.
std::vector<float> read_all(const Dataset& dataset, std::int64_t chunk = 1000);
// The same in bytes. A pixel that is not a whole number of 255ths gives -1.
std::vector<int> read_all_bytes(const Dataset& dataset);

// Whether `text` contains all of `parts`.
bool holds(std::string_view text, std::initializer_list<std::string_view> parts);

// Runs the tests' script that makes and reads images with Pillow. Returns false, after skip(),
// if this machine lacks what it needs. Fails the test if the script fails.
bool run_pillow(const std::string& arguments);

// Unpacks a set of ../shared/data into `to`. Returns false, after skip(), if that is missing.
bool unpack_shared(std::string_view set, const std::filesystem::path& to);

}  // namespace odin::test
