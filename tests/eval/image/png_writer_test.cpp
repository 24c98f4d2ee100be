#include "eval/image/png_writer.h"

#include <doctest/doctest.h>

#include "tests/eval/data/data_support.h"
#include "tests/support/error_of.h"
#include "tests/support/support.h"

namespace odin::test {
namespace {

TEST_CASE("a written PNG image is read back, by us and by Pillow") {
  const TemporaryFolder folder;
  const Bytes pixels = noise_bytes(kImageElements, 71);
  const std::string png = encode_png(pixels, {});
  write_file(folder / "images.png", Bytes(png.begin(), png.end()));
  CHECK(read_image(folder / "images.png") == pixels);
  CHECK(encode_png(pixels, {}) == png);

  const std::filesystem::path out = folder / "pixels";
  std::filesystem::create_directory(folder / "images");
  std::filesystem::rename(folder / "images.png", folder / "images/a.png");
  if (!run_pillow("pixels '" + (folder / "images").string() + "' exact '" + out.string() + "'")) {
    return;
  }
  CHECK(read_file(out) == pixels);
}

TEST_CASE("images of other shapes are written, grey as colour") {
  const TemporaryFolder folder;
  for (const ImageShape shape : {ImageShape{1, 28}, ImageShape{3, 96}}) {
    const Bytes pixels = noise_bytes(static_cast<std::size_t>(shape.elements()), 72);
    const std::string png = encode_png(pixels, shape);
    write_file(folder / "image.png", Bytes(png.begin(), png.end()));
    CHECK(read_image(folder / "image.png", ImageFit::kExact, shape) == pixels);
  }
}

TEST_CASE("an image of another size is not written") {
  CHECK(holds(error_of([] { encode_png(Bytes(3 * 32 * 31), {}); }), {"2976", "3 x 32 x 32"}));
}

}  // namespace
}  // namespace odin::test
