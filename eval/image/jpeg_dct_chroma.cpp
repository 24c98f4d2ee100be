#include "eval/image/jpeg_dct_chroma.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "kernels/error.h"

namespace odin {
namespace {

// Lines of a component that one row of blocks has. libjpeg-turbo enlarges the whole image to twice
// its size, which its transforms of 16 x 16 points do. The colour planes then are as large as the
// image; the brightness plane, twice as large, is not used.
constexpr unsigned kLines = 16;

// A plane's lines of one row of blocks.
class Plane {
 public:
  Plane(std::size_t width, unsigned lines) : pixels_(width * lines) {
    for (unsigned y = 0; y < lines; ++y) rows_.push_back(pixels_.data() + y * width);
  }
  JSAMPARRAY rows() { return rows_.data(); }
  const std::uint8_t* row(unsigned y) const { return rows_[y]; }

 private:
  std::vector<std::uint8_t> pixels_;
  std::vector<JSAMPROW> rows_;
};

// The width of a component in whole blocks of `points` points.
std::size_t padded_width(const jpeg_component_info& component, std::size_t points) {
  const auto factor = static_cast<std::size_t>(component.h_samp_factor);
  const std::size_t blocks = component.width_in_blocks;
  return (blocks + factor) / factor * factor * points;
}

unsigned points_of(const jpeg_component_info& component) {
#if JPEG_LIB_VERSION >= 70
  return static_cast<unsigned>(component.DCT_h_scaled_size);
#else
  return static_cast<unsigned>(component.DCT_scaled_size);
#endif
}

std::uint8_t byte(int value) {
  return static_cast<std::uint8_t>(std::clamp(value, 0, 255));
}

// JFIF's conversion in libjpeg's fixed point: 16 bits, the products of both colours rounded
// together.
void to_rgb(int y, int cb, int cr, std::uint8_t* rgb) {
  constexpr int kHalf = 1 << 15;
  const auto fixed = [](double factor) { return static_cast<int>(factor * 65536 + 0.5); };
  const int b = cb - 128;
  const int r = cr - 128;
  rgb[0] = byte(y + ((fixed(1.40200) * r + kHalf) >> 16));
  rgb[1] = byte(y + ((-fixed(0.344136286) * b - fixed(0.714136286) * r + kHalf) >> 16));
  rgb[2] = byte(y + ((fixed(1.77200) * b + kHalf) >> 16));
}

}  // namespace

bool has_small_chroma(JpegReader& reader) {
  const jpeg_decompress_struct& jpeg = reader.jpeg();
  if (jpeg.num_components != 3 || jpeg.jpeg_color_space != JCS_YCbCr) return false;
  const jpeg_component_info* c = jpeg.comp_info;
  const auto factors = [&](int i, int h, int v) {
    return c[i].h_samp_factor == h && c[i].v_samp_factor == v;
  };
  if (factors(0, 1, 1) && factors(1, 1, 1) && factors(2, 1, 1)) return false;
  require(factors(0, 2, 2) && factors(1, 1, 1) && factors(2, 1, 1),
          "'{}' is a JPEG image with colour sampled {}x{} to {}x{}, which --jpeg-chroma dct cannot "
          "decode: use --jpeg-chroma linear",
          reader.name(), c[0].h_samp_factor, c[0].v_samp_factor, c[1].h_samp_factor,
          c[1].v_samp_factor);
  return true;
}

void decode_with_dct_chroma(JpegReader& reader, ImageFitter& fitter) {
  // The brightness, from a reader at the image's own size.
  reader.jpeg().out_color_space = JCS_YCbCr;
  reader.start();
  const std::size_t width = reader.jpeg().output_width;
  std::vector<std::uint8_t> line(3 * width);

  InputStream again(reader.file());
  JpegReader colour(again);
  colour.read_header();
  jpeg_decompress_struct& jpeg = colour.jpeg();
  jpeg.scale_num = 2;
  jpeg.scale_denom = 1;
  jpeg.raw_data_out = TRUE;
  colour.start();
  require(points_of(jpeg.comp_info[1]) == kLines, "this libjpeg has no transform of 16 points");
  Plane unused(padded_width(jpeg.comp_info[0], kLines), 2 * kLines);
  Plane cb(padded_width(jpeg.comp_info[1], kLines), kLines);
  Plane cr(padded_width(jpeg.comp_info[2], kLines), kLines);
  std::array<JSAMPARRAY, 3> planes{unused.rows(), cb.rows(), cr.rows()};
  std::vector<std::uint8_t> rgb(3 * width);

  for (unsigned y = 0; y < reader.jpeg().output_height; ++y) {
    if (y % kLines == 0) colour.read_raw(planes.data(), 2 * kLines);
    reader.read_row(line.data());
    const std::uint8_t* cb_row = cb.row(y % kLines);
    const std::uint8_t* cr_row = cr.row(y % kLines);
    for (std::size_t x = 0; x < width; ++x) {
      to_rgb(line[3 * x], cb_row[x], cr_row[x], &rgb[3 * x]);
    }
    fitter.row(rgb.data());
  }
  reader.finish();
}

}  // namespace odin
