// JPEG images whose colour is decoded as IJG's libjpeg 9 does.
#include <doctest/doctest.h>

#include "eval/image/image_file.h"
#include "kernels/error.h"
#include "tests/eval/image/image_support.h"
#include "tests/support/error_of.h"
#include "tests/support/support.h"

namespace odin::test {
namespace {
namespace fs = std::filesystem;

const fs::path kImages = ODIN_SOURCE_DIR "/tests/eval/image";

Bytes read_with(const fs::path& file, ImageFit fit, JpegChroma chroma) {
  Bytes pixels(3 * kPlane);
  read_image_file(file, fit, {}, pixels.data(), {}, chroma);
  return pixels;
}

// A JPEG image that Pillow writes with these options; false, after skip(), without Pillow.
bool write_with_pillow(const fs::path& file, const std::string& mode, const std::string& options) {
  const ProgramResult result = run_program(fmt::format(
      "/usr/bin/python3 -c \"from PIL import Image; Image.linear_gradient('L').resize((32, 32))"
      ".convert('{}').save('{}', {})\"",
      mode, file.string(), options));
  if (result.exit_status != 0) skip("needs Pillow");
  return result.exit_status == 0;
}

TEST_CASE("with dct, colour at half the size is what libjpeg 9b makes of it, bit for bit") {
  // make_dct_chroma_images.py made the images, and the PNGs with libjpeg 9b.
  for (const auto& [name, fit] :
       {std::pair("square", ImageFit::kExact), std::pair("odd", ImageFit::kCenterCrop),
        std::pair("odd", ImageFit::kResize)}) {
    const std::string stem = fmt::format("dct_chroma_{}", name);
    CAPTURE(stem);
    const fs::path jpeg = kImages / (stem + ".jpg");
    const Bytes expected = read_with(kImages / (stem + ".png"), fit, JpegChroma::kLinear);
    CHECK(read_with(jpeg, fit, JpegChroma::kDct) == expected);
    CHECK(read_with(jpeg, fit, JpegChroma::kLinear) != expected);
  }
}

TEST_CASE("without colour, and with colour at its full size, both ways are the same") {
  const TemporaryFolder folder;
  const fs::path file = folder / "a.jpg";
  for (const auto& [mode, options] :
       {std::pair("L", "quality=80"), std::pair("RGB", "subsampling='4:4:4'"),
        std::pair("CMYK", "quality=80")}) {
    CAPTURE(options);
    if (!write_with_pillow(file, mode, options)) return;
    CHECK(read_with(file, ImageFit::kExact, JpegChroma::kDct) ==
          read_with(file, ImageFit::kExact, JpegChroma::kLinear));
  }
}

TEST_CASE("colour at half the width only is refused, with the remedy") {
  const TemporaryFolder folder;
  const fs::path file = folder / "a.jpg";
  if (!write_with_pillow(file, "RGB", "subsampling='4:2:2'")) return;
  CHECK(error_of([&] { read_with(file, ImageFit::kExact, JpegChroma::kDct); }) ==
        fmt::format(
            "'{}' is a JPEG image with colour sampled 2x1 to 1x1, which --jpeg-chroma dct cannot "
            "decode: use --jpeg-chroma linear",
            file.string()));
  CHECK_NOTHROW(read_with(file, ImageFit::kExact, JpegChroma::kLinear));
}

TEST_CASE("a damaged image is an error with dct too, wherever it is cut") {
  const TemporaryFolder folder;
  const fs::path file = folder / "cut.jpg";
  const Bytes whole = read_file(kImages / "dct_chroma_square.jpg");
  for (std::size_t size = 1; size + 2 < whole.size(); size += 29) {
    CAPTURE(size);
    write_file(file, {whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)});
    CHECK(error_of([&] { read_with(file, ImageFit::kExact, JpegChroma::kDct); }) != kNoError);
  }
}

TEST_CASE("the ways to enlarge colour are found by name") {
  CHECK(jpeg_chroma("linear") == JpegChroma::kLinear);
  CHECK(jpeg_chroma("dct") == JpegChroma::kDct);
  CHECK_THROWS_WITH_AS(
      jpeg_chroma("DCT"),
      "there is no way \"DCT\" to enlarge the colour of JPEG images: use linear or dct", Error);
}

}  // namespace
}  // namespace odin::test
