#include <cstddef>
#include <vector>

#include "eval/image/jpeg_dct_chroma.h"
#include "eval/image/jpeg_reader.h"
#include "kernels/error.h"

namespace odin {
namespace {

// round(a b / 255) for bytes
int product(int a, int b) {
  return (2 * a * b + 255) / 510;
}

void decode_rows(JpegReader& reader, ImageFitter& fitter) {
  jpeg_decompress_struct& jpeg = reader.jpeg();
  const int channels = jpeg.num_components;
  jpeg.out_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 3 ? JCS_RGB : JCS_CMYK;

  reader.start();
  const std::size_t width = jpeg.output_width;
  std::vector<std::uint8_t> decoded(width * static_cast<std::size_t>(channels));
  std::vector<std::uint8_t> rgb(channels == 3 ? 0 : width * 3);
  while (jpeg.output_scanline < jpeg.output_height) {
    reader.read_row(decoded.data());
    if (channels == 3) {
      fitter.row(decoded.data());
      continue;
    }
    for (std::size_t x = 0; x < width; ++x) {
      for (std::size_t c = 0; c < 3; ++c) {
        if (channels == 1) {
          rgb[3 * x + c] = decoded[x];
        } else {
          // Inverted: 255 means no ink.
          const int light = decoded[4 * x + 3];
          const int ink = 255 - decoded[4 * x + c];
          rgb[3 * x + c] = static_cast<std::uint8_t>(light - product(ink, light));
        }
      }
    }
    fitter.row(rgb.data());
  }
  reader.finish();
}

}  // namespace

void decode_jpeg(InputStream& stream, ImageFitter& fitter, ImagePart part, JpegChroma chroma) {
  JpegReader reader(stream);
  reader.read_header();
  const int channels = reader.jpeg().num_components;
  require(channels == 1 || channels == 3 || channels == 4,
          "'{}' is a JPEG image with {} channels, but only 1 (grey), 3 (colour) or 4 (CMYK) are "
          "supported: convert it",
          reader.name(), channels);
  fitter.begin(reader.jpeg().image_width, reader.jpeg().image_height);
  if (part == ImagePart::kHeader) return;
  if (chroma == JpegChroma::kDct && has_small_chroma(reader)) {
    decode_with_dct_chroma(reader, fitter);
  } else {
    decode_rows(reader, fitter);
  }
}

}  // namespace odin
