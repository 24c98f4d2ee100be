#include "eval/image/image_file.h"

#include <array>

#include "eval/image/codec.h"
#include "kernels/error.h"

namespace odin {
namespace {

void decode(const std::filesystem::path& file, ImageFitter& fitter, ImagePart part,
            JpegChroma chroma) {
  const InputFile input(file);
  require(input.size() > 0, "'{}' is empty, but a PNG or JPEG image is needed", file.string());
  std::array<std::uint8_t, 4> start{};
  input.read_some(0, start.data(), start.size());

  InputStream stream(input);
  if (start == std::array<std::uint8_t, 4>{0x89, 'P', 'N', 'G'}) {
    decode_png(stream, fitter, part);
  } else if (start[0] == 0xFF && start[1] == 0xD8) {
    decode_jpeg(stream, fitter, part, chroma);
  } else {
    fail("'{}' is neither a PNG nor a JPEG image: convert it, or leave it out", file.string());
  }
}

}  // namespace

JpegChroma jpeg_chroma(std::string_view name) {
  if (name == "linear") return JpegChroma::kLinear;
  if (name == "dct") return JpegChroma::kDct;
  fail("there is no way \"{}\" to enlarge the colour of JPEG images: use linear or dct", name);
}

void read_image_file(const std::filesystem::path& file, ImageFit fit, const ImageShape& shape,
                     std::uint8_t* pixels, CropDraw draw, JpegChroma chroma) {
  ImageFitter fitter(file.string(), fit, shape, pixels, draw);
  decode(file, fitter, ImagePart::kWhole, chroma);
}

void check_image_header(const std::filesystem::path& file, ImageFit fit, const ImageShape& shape) {
  ImageFitter fitter(file.string(), fit, shape, nullptr);
  decode(file, fitter, ImagePart::kHeader, JpegChroma::kLinear);
}

}  // namespace odin
