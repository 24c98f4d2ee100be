// Every data set, in the shapes of other networks than those for 3 x 32 x 32.
#include <algorithm>

#include <doctest/doctest.h>

#include "eval/data/arrays/npy_images.h"
#include "eval/data/cifar.h"
#include "eval/data/idx.h"
#include "eval/data/noise.h"
#include "eval/data/spec.h"
#include "eval/image/array_image.h"
#include "kernels/philox.h"
#include "tests/eval/data/data_support.h"
#include "tests/support/error_of.h"

namespace odin::test {
namespace {
namespace fs = std::filesystem;

constexpr std::size_t kImages = 2;

// The images of data sets in several formats, and of PNG files.
class SameImages {
 public:
  SameImages() : bytes_(noise_bytes(kImages * kImageElements, 3)) {
    Bytes cifar;
    Bytes npy = npy_header("2, 32, 32, 3");
    for (std::size_t i = 0; i < kImages; ++i) {
      const std::uint8_t* image = bytes_.data() + i * kImageElements;
      cifar.push_back(0);  // label
      cifar.insert(cifar.end(), image, image + kImageElements);
      Bytes interleaved;
      for (std::size_t p = 0; p < 1024; ++p) {
        for (std::size_t c = 0; c < 3; ++c) interleaved.push_back(image[c * 1024 + p]);
      }
      npy.insert(npy.end(), interleaved.begin(), interleaved.end());
      write_png(png(i), {.palette = {}, .data = interleaved});
    }
    write_file(folder_ / "cifar.bin", cifar);
    write_file(folder_ / "images.npy", npy);
  }

  static Bytes npy_header(const std::string& shape) {
    std::string text = "{'descr': '|u1', 'fortran_order': False, 'shape': (" + shape + "), }\n";
    Bytes bytes = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, static_cast<std::uint8_t>(text.size()), 0};
    bytes.insert(bytes.end(), text.begin(), text.end());
    return bytes;
  }

  fs::path png(std::size_t image) const { return folder_ / fmt::format("{}.png", image); }
  std::shared_ptr<const Dataset> cifar(ImageFit fit, const ImageShape& shape) const {
    return open_cifar(folder_ / "cifar.bin", CifarVersion::kCifar10, CifarSplit::kTest, fit, shape);
  }
  std::shared_ptr<const Dataset> npy(ImageFit fit, const ImageShape& shape) const {
    return open_npy_images(folder_ / "images.npy", 0, fit, shape);
  }
  // What the decoder of PNG makes of them; image_file_test.cpp compares that with Pillow.
  std::vector<int> expected(ImageFit fit, const ImageShape& shape) const {
    std::vector<int> all;
    for (std::size_t i = 0; i < kImages; ++i) {
      const Bytes image = read_image(png(i), fit, shape);
      all.insert(all.end(), image.begin(), image.end());
    }
    return all;
  }
  const fs::path folder() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
  Bytes bytes_;
};

}  // namespace

TEST_CASE("sets of arrays are fitted as image files are") {
  const SameImages images;
  struct Case {
    ImageFit fit;
    ImageShape shape;
  };
  for (const Case& c : {Case{ImageFit::kExact, {1, 32}},
                        {ImageFit::kResize, {1, 32}},
                        {ImageFit::kCenterCrop, {3, 28}},
                        {ImageFit::kResize, {1, 28}},
                        {ImageFit::kResize, {3, 64}},
                        {ImageFit::kResizeCrop, {3, 96}}}) {
    CAPTURE(c.shape.channels);
    CAPTURE(c.shape.side);
    for (const auto& set : {images.cifar(c.fit, c.shape), images.npy(c.fit, c.shape)}) {
      CHECK(set->shape() == c.shape);
      CHECK(read_all_bytes(*set) == images.expected(c.fit, c.shape));
      CHECK(read_all(*set, 1) == read_all(*set));
      CHECK(selection(set, {1})->shape() == c.shape);
      CHECK(read_all(*subset(set, 1, 1)) == read_all(*selection(set, {1})));
    }
  }
}

TEST_CASE("sets of another size are refused unless the command says how to fit them") {
  const SameImages images;
  const auto error_with = [&](const std::string& spec, ImageFit fit, const ImageShape& shape) {
    return error_of([&] { open_dataset(parse_dataset_spec(spec), {.shape = shape, .fit = fit}); });
  };
  const std::string cifar = "cifar10:" + (images.folder() / "cifar.bin").string();
  const std::string npy = "npy:" + (images.folder() / "images.npy").string();
  CHECK(holds(error_with(cifar, ImageFit::kExact, {1, 28}),
              {"'CIFAR-10' is 32 x 32, but images of 28 x 28 are needed: give --resize"}));
  CHECK(holds(error_with(npy, ImageFit::kExact, {3, 64}),
              {"images.npy' is 32 x 32, but images of 64 x 64 are needed"}));
  CHECK(holds(error_with(cifar, ImageFit::kCenterCrop, {3, 96}),
              {"too small to crop to 96 x 96: give --resize"}));
  CHECK(error_with(cifar, ImageFit::kResize, {3, 96}) == kNoError);
  CHECK(error_with(npy, ImageFit::kCenterCrop, {1, 28}) == kNoError);
}

TEST_CASE("grey images stay as they are for one channel, and are repeated for three") {
  const TemporaryFolder folder;
  const Bytes elements = noise_bytes(3 * 28 * 28, 4);
  Bytes file = {0, 0, 8, 3};
  for (const std::uint32_t extent : {3u, 28u, 28u}) append_u32(file, extent);
  file.insert(file.end(), elements.begin(), elements.end());
  write_file(folder / "images", file);
  Bytes npy = SameImages::npy_header("3, 28, 28");
  npy.insert(npy.end(), elements.begin(), elements.end());
  write_file(folder / "images.npy", npy);

  for (const ImageFit fit : {ImageFit::kExact, ImageFit::kResize, ImageFit::kCenterCrop}) {
    const std::vector<int> grey(elements.begin(), elements.end());
    CHECK(read_all_bytes(*open_idx(folder / "images", fit, {1, 28})) == grey);
    CHECK(read_all_bytes(*open_npy_images(folder / "images.npy", 0, fit, {1, 28})) == grey);
    std::vector<int> repeated;
    for (int i = 0; i < 3; ++i) {
      for (int c = 0; c < 3; ++c) {
        repeated.insert(repeated.end(), grey.begin() + i * 784, grey.begin() + (i + 1) * 784);
      }
    }
    CHECK(read_all_bytes(*open_idx(folder / "images", fit, {3, 28})) == repeated);
    CHECK(read_all_bytes(*open_npy_images(folder / "images.npy", 0, fit, {3, 28})) == repeated);
  }
  // Two black pixels on each side.
  const std::vector<int> bordered = read_all_bytes(*open_idx(folder / "images", {}, {1, 32}));
  CHECK(bordered.size() == 3 * 1024);
  CHECK(bordered[2 * 32 + 1] == 0);
  CHECK(bordered[2 * 32 + 2] == elements[0]);
  CHECK(holds(error_of([&] {
                open_idx(folder / "images", ImageFit::kExact, {1, 27});
              }),
              {"28 x 28, but images of 27 x 27 are needed"}));
}

TEST_CASE("luma is Pillow's, from any layout of an image in memory") {
  const Bytes rgb = {255, 0, 0, 0, 255, 0,  0,   0,  255, 255, 255, 255, 1,   2,   3,   0,
                     0,   0, 9, 9, 9,   10, 200, 30, 77,  77,  76,  128, 127, 126, 250, 251,
                     252, 3, 0, 0, 0,   3,  0,   0,  0,   3,   99,  98,  97,  5,   6,   7};
  // (19595 R + 38470 G + 7471 B + 32768) >> 16, as PIL.Image.convert("L") gives them.
  const Bytes luma = {76, 150, 29, 255, 2, 0, 9, 124, 77, 127, 251, 1, 2, 0, 98, 6};
  Bytes pixels(16);
  fit_array_image({rgb.data(), 3, 4, 4, 1, 12, 3}, "x", ImageFit::kExact, {1, 4}, pixels.data());
  CHECK(pixels == luma);
  Bytes planes;
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t p = 0; p < 16; ++p) planes.push_back(rgb[3 * (p % 4 * 4 + p / 4) + c]);
  }
  // Stored by columns.
  fit_array_image({planes.data(), 3, 4, 4, 16, 1, 4}, "x", ImageFit::kExact, {1, 4}, pixels.data());
  CHECK(pixels == luma);
  Bytes colour(48);
  fit_array_image({planes.data(), 3, 4, 4, 16, 1, 4}, "x", ImageFit::kExact, {3, 4}, colour.data());
  for (std::size_t p = 0; p < 16; ++p) CHECK(colour[16 + p] == rgb[3 * p + 1]);
}

TEST_CASE("noise of every shape follows its definition") {
  for (const ImageShape shape : {ImageShape{1, 28}, ImageShape{1, 27}, ImageShape{3, 31}}) {
    CAPTURE(shape.side);
    const auto uniform = make_noise(NoiseKind::kUniform, 5, 7, shape);
    const auto count = static_cast<std::uint64_t>(5 * shape.elements());
    std::vector<float> expected;
    for (std::uint64_t k = 0; k < count; ++k) {
      expected.push_back(philox_uniform(7, kUniformNoiseStream, k));
    }
    CHECK(read_all(*uniform) == expected);
    CHECK(read_all(*uniform, 1) == expected);
    const auto gaussian = make_noise(NoiseKind::kGaussian, 5, 7, shape);
    CHECK(read_all(*gaussian, 1) == read_all(*gaussian));
    // The numbers of a stream are the same in every shape.
    const std::vector<float> usual = read_all(*make_noise(NoiseKind::kGaussian, 5, 7));
    const std::vector<float> all = read_all(*gaussian);
    CHECK(std::equal(all.begin(), all.end(), usual.begin()));
  }
}

}  // namespace odin::test
