#include "eval/image/image_file.h"

#include <algorithm>
#include <array>

#include <doctest/doctest.h>

#include "tests/eval/image/image_support.h"
#include "tests/support/error_of.h"
#include "tests/support/support.h"

namespace odin::test {
namespace {
namespace fs = std::filesystem;

// (3, 32, 32) from interleaved data (32, 32, `channels`); `rgb` are the channels of red, green,
// blue.
Bytes planar(const Bytes& data, std::size_t channels, std::array<std::size_t, 3> rgb = {0, 1, 2},
             std::size_t bytes_per_sample = 1) {
  Bytes planes;
  for (const std::size_t c : rgb) {
    for (std::size_t i = 0; i < kPlane; ++i) {
      planes.push_back(data[(i * channels + c) * bytes_per_sample]);
    }
  }
  return planes;
}

// Calls `check` for every image of the folder with our bytes and Pillow's. Returns false, and skips
// the test, if there is no Pillow.
template <class Check>
bool compare_with_pillow(const fs::path& images, const char* fit_name, ImageFit fit,
                         const Check& check, const ImageShape& shape = {}) {
  const TemporaryFolder folder;
  const fs::path out = folder / "pixels";
  if (!run_pillow(fmt::format("pixels '{}' {} '{}' 0 {} {}", images.string(), fit_name,
                              out.string(), shape.channels, shape.side))) {
    return false;
  }
  const Bytes expected = read_file(out);
  std::vector<fs::path> files(fs::directory_iterator(images), fs::directory_iterator{});
  std::sort(files.begin(), files.end());
  const std::int64_t elements = shape.elements();
  REQUIRE(std::ssize(expected) == std::ssize(files) * elements);
  for (std::size_t i = 0; i < files.size(); ++i) {
    CAPTURE(files[i].string());
    CAPTURE(fit_name);
    const auto begin = expected.begin() + static_cast<std::ptrdiff_t>(i) * elements;
    check(read_image(files[i], fit, shape), Bytes(begin, begin + elements));
  }
  return true;
}

}  // namespace

TEST_CASE("PNG images of every kind decode to their red, green and blue bytes") {
  const TemporaryFolder folder;
  const fs::path file = folder / "image.png";
  for (const bool interlaced : {false, true}) {
    CAPTURE(interlaced);
    SUBCASE("RGB") {
      const Bytes data = noise_bytes(kPlane * 3, 1);
      write_png(file, {.interlaced = interlaced, .palette = {}, .data = data});
      CHECK(read_image(file) == planar(data, 3));
    }
    SUBCASE("RGBA: transparency is ignored") {
      const Bytes data = noise_bytes(kPlane * 4, 2);
      write_png(file, {.colour_type = 6, .interlaced = interlaced, .palette = {}, .data = data});
      CHECK(read_image(file) == planar(data, 4));
    }
    SUBCASE("grey is repeated") {
      const Bytes data = noise_bytes(kPlane, 3);
      write_png(file, {.colour_type = 0, .interlaced = interlaced, .palette = {}, .data = data});
      CHECK(read_image(file) == planar(data, 1, {0, 0, 0}));
    }
    SUBCASE("grey and alpha") {
      const Bytes data = noise_bytes(kPlane * 2, 4);
      write_png(file, {.colour_type = 4, .interlaced = interlaced, .palette = {}, .data = data});
      CHECK(read_image(file) == planar(data, 2, {0, 0, 0}));
    }
    SUBCASE("of 16 bits the upper 8 count") {
      const Bytes rgb = noise_bytes(kPlane * 6, 5);
      write_png(file, {.bit_depth = 16, .interlaced = interlaced, .palette = {}, .data = rgb});
      CHECK(read_image(file) == planar(rgb, 3, {0, 1, 2}, 2));
      const Bytes grey = noise_bytes(kPlane * 2, 6);
      write_png(file, {.colour_type = 0,
                       .bit_depth = 16,
                       .interlaced = interlaced,
                       .palette = {},
                       .data = grey});
      CHECK(read_image(file) == planar(grey, 1, {0, 0, 0}, 2));
    }
    SUBCASE("2-bit grey is stretched to 0..255") {
      const Bytes data = noise_bytes(kPlane / 4, 7);
      write_png(file, {.colour_type = 0,
                       .bit_depth = 2,
                       .interlaced = interlaced,
                       .palette = {},
                       .data = data});
      Bytes unpacked;
      for (const std::uint8_t byte : data) {
        for (int shift = 6; shift >= 0; shift -= 2) {
          unpacked.push_back(static_cast<std::uint8_t>(85 * (byte >> shift & 3)));
        }
      }
      CHECK(read_image(file) == planar(unpacked, 1, {0, 0, 0}));
    }
    SUBCASE("palette") {
      const Bytes palette = noise_bytes(256 * 3, 8);
      const Bytes data = noise_bytes(kPlane, 9);
      write_png(file,
                {.colour_type = 3, .interlaced = interlaced, .palette = palette, .data = data});
      Bytes looked_up;
      for (const std::uint8_t index : data) {
        for (std::size_t c = 0; c < 3; ++c)
          looked_up.push_back(palette[std::size_t{index} * 3 + c]);
      }
      CHECK(read_image(file) == planar(looked_up, 3));
    }
  }
}

TEST_CASE("JPEG images of one colour keep their colour") {
  const TemporaryFolder folder;
  const fs::path file = folder / "image.jpg";
  const auto check = [&](const JpegImage& image, std::array<int, 3> rgb) {
    write_jpeg(file, image);
    const Bytes pixels = read_image(file);
    for (std::size_t i = 0; i < pixels.size(); ++i) {
      // One step of quantisation of the mean of a block (quality 75), and rounding.
      CHECK(std::abs(pixels[i] - rgb[i / kPlane]) <= 4);
    }
  };
  const auto plain = [](std::initializer_list<std::uint8_t> pixel) {
    Bytes data;
    for (std::size_t i = 0; i < kPlane; ++i) data.insert(data.end(), pixel);
    return data;
  };
  check({.data = plain({200, 100, 50})}, {200, 100, 50});
  check({.progressive = true, .data = plain({10, 220, 130})}, {10, 220, 130});
  check({.channels = 1, .data = plain({77})}, {77, 77, 77});
  // Adobe writes CMYK inverted: 255 means no ink, so the light is a product of two absences of ink.
  check({.channels = 4, .data = plain({255, 128, 0, 255})}, {255, 128, 0});
  check({.channels = 4, .data = plain({255, 128, 0, 128})}, {128, 64, 0});
}

TEST_CASE("The content decides on the format, not the name") {
  const TemporaryFolder folder;
  write_plain_png(folder / "a.jpg", 1, 2, 3);
  CHECK(read_image(folder / "a.jpg")[0] == 1);
  write_jpeg(folder / "b.png", {.channels = 1, .data = Bytes(kPlane, 90)});
  CHECK(read_image(folder / "b.png")[0] == 90);
}

TEST_CASE("Images agree byte for byte with Pillow") {
  const TemporaryFolder folder;
  if (!run_pillow("make '" + folder.path().string() + "'")) return;
  // Kinds of images that Pillow reads but cannot write.
  const fs::path exact = folder / "exact";
  write_png(exact / "b_rgb_interlaced.png",
            {.interlaced = true, .palette = {}, .data = noise_bytes(kPlane * 3, 21)});
  write_png(exact / "b_rgb_16.png",
            {.bit_depth = 16, .palette = {}, .data = noise_bytes(kPlane * 6, 22)});
  write_png(exact / "b_rgba_16.png", {.colour_type = 6,
                                      .bit_depth = 16,
                                      .interlaced = true,
                                      .palette = {},
                                      .data = noise_bytes(kPlane * 8, 23)});
  write_png(exact / "b_grey_2.png",
            {.colour_type = 0, .bit_depth = 2, .palette = {}, .data = noise_bytes(kPlane / 4, 24)});
  write_png(exact / "b_grey_4.png", {.colour_type = 0,
                                     .bit_depth = 4,
                                     .interlaced = true,
                                     .palette = {},
                                     .data = noise_bytes(kPlane / 2, 25)});
  write_jpeg(exact / "b_cmyk_plain.jpg", {.channels = 4, .data = noise_bytes(kPlane * 4, 26)});

  struct Case {
    const char* images;
    const char* fit;
    ImageFit value;
  };
  for (const Case& c : {Case{"exact", "exact", ImageFit::kExact},
                        {"exact", "resize", ImageFit::kResize},
                        {"exact", "crop", ImageFit::kCenterCrop},
                        {"sized", "resize", ImageFit::kResize},
                        {"sized", "crop", ImageFit::kCenterCrop},
                        {"small", "resize", ImageFit::kResize}}) {
    const bool compared = compare_with_pillow(
        folder / c.images, c.fit, c.value,
        [](const Bytes& found, const Bytes& expected) { CHECK(found == expected); });
    if (!compared) return;
  }
}

TEST_CASE(
    "Images of other sizes and grey ones agree byte for byte with Pillow, whatever their kind") {
  const TemporaryFolder folder;
  if (!run_pillow("make '" + folder.path().string() + "'")) return;
  struct Case {
    const char* images;
    const char* fit;
    ImageFit value;
    ImageShape shape;
  };
  for (const Case& c : {Case{"exact", "exact", ImageFit::kExact, {1, 32}},
                        {"exact", "crop", ImageFit::kCenterCrop, {1, 28}},
                        {"sized", "crop", ImageFit::kCenterCrop, {3, 27}},
                        {"sized", "resize", ImageFit::kResize, {1, 28}},
                        {"sized", "nearest", ImageFit::kResizeNearest, {3, 28}},
                        {"sized", "resize", ImageFit::kResize, {3, 64}},
                        {"small", "resize", ImageFit::kResize, {1, 96}},
                        {"sized", "resize", ImageFit::kResize, {3, 96}}}) {
    CAPTURE(c.shape.side);
    const bool compared = compare_with_pillow(
        folder / c.images, c.fit, c.value,
        [](const Bytes& found, const Bytes& expected) { CHECK(found == expected); }, c.shape);
    if (!compared) return;
  }
}

TEST_CASE("Scaled by the shorter side and cropped, images agree byte for byte with torchvision") {
  const TemporaryFolder folder;
  if (!run_pillow("make '" + folder.path().string() + "'")) return;
  for (const ImageShape shape : {ImageShape{}, ImageShape{1, 28}, ImageShape{3, 96}}) {
    compare_with_pillow(
        folder / "long", "resize-crop", ImageFit::kResizeCrop,
        [](const Bytes& found, const Bytes& expected) { CHECK(found == expected); }, shape);
  }
}

TEST_CASE("A very wide or tall image is scaled and cropped in its middle") {
  const TemporaryFolder folder;
  const fs::path file = folder / "image.png";
  for (const bool wide : {true, false}) {
    // Black but for 32 x 32 in the middle, which come out as they are.
    const int length = 60000;
    const Bytes middle = noise_bytes(kPlane * 3, 5);
    Bytes data(static_cast<std::size_t>(length) * 32 * 3);
    const int width = wide ? length : 32;
    for (std::size_t i = 0; i < kPlane; ++i) {
      const std::size_t x = i % 32 + (wide ? (length - 32) / 2 : 0);
      const std::size_t y = i / 32 + (wide ? 0 : (length - 32) / 2);
      std::copy_n(&middle[i * 3], 3, &data[(y * static_cast<std::size_t>(width) + x) * 3]);
    }
    write_png(file, {.width = width, .height = wide ? 32 : length, .palette = {}, .data = data});
    CHECK(read_image(file, ImageFit::kResizeCrop) == planar(middle, 3));
  }
}

TEST_CASE(
    "Scaled without antialiasing, images agree with Pillow's nearest and PyTorch's bilinear") {
  const TemporaryFolder folder;
  if (!run_pillow("make '" + folder.path().string() + "'")) return;
  struct Case {
    const char* fit;
    ImageFit value;
    int tolerance;
  };
  // PyTorch interpolates in both directions at once; we round to bytes in between.
  for (const Case& c :
       {Case{"nearest", ImageFit::kResizeNearest, 0}, {"bilinear", ImageFit::kResizeBilinear, 1}}) {
    for (const char* images : {"sized", "small", "exact"}) {
      const bool compared = compare_with_pillow(
          folder / images, c.fit, c.value, [&](const Bytes& found, const Bytes& expected) {
            int furthest = 0;
            for (std::size_t k = 0; k < found.size(); ++k) {
              furthest = std::max(furthest, std::abs(found[k] - expected[k]));
            }
            CHECK(furthest <= c.tolerance);
          });
      if (!compared) return;
    }
  }
}

TEST_CASE("A random crop is any part of the image, chosen by seed and image") {
  const TemporaryFolder folder;
  const fs::path file = folder / "image.png";
  // Each pixel states its place: red is its column, green its row.
  constexpr int kWidth = 37;
  constexpr int kHeight = 34;
  Bytes data;
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      data.insert(data.end(), {static_cast<std::uint8_t>(x), static_cast<std::uint8_t>(y), 7});
    }
  }
  write_png(file, {.width = kWidth, .height = kHeight, .palette = {}, .data = data});
  const auto crop = [&](std::uint64_t seed, std::uint64_t image) {
    Bytes pixels(3 * kPlane);
    read_image_file(file, ImageFit::kRandomCrop, {}, pixels.data(), {seed, image});
    return pixels;
  };
  constexpr int kDraws = 1800;
  std::array<int, (kWidth - 31) * (kHeight - 31)> counts{};
  for (std::uint64_t image = 0; image < kDraws; ++image) {
    const Bytes pixels = crop(5, image);
    const int left = pixels[0];
    const int top = pixels[kPlane];
    REQUIRE(left <= kWidth - 32);
    REQUIRE(top <= kHeight - 32);
    ++counts[static_cast<std::size_t>(top * (kWidth - 31) + left)];
    int wrong = 0;
    for (std::size_t i = 0; i < kPlane; ++i) {
      wrong += pixels[i] != left + static_cast<int>(i % 32) ||
               pixels[kPlane + i] != top + static_cast<int>(i / 32) || pixels[2 * kPlane + i] != 7;
    }
    CHECK(wrong == 0);
  }
  // 100 of each expected, with a deviation of 10; the draws are the same in every run.
  for (const int count : counts) CHECK(std::abs(count - 100) < 40);
  CHECK(crop(5, 17) == crop(5, 17));
  int alike = 0;
  for (std::uint64_t image = 0; image < 100; ++image) alike += crop(5, image) == crop(6, image);
  CHECK(alike < 25);  // 100 / 18 expected

  write_png(file, {.palette = {}, .data = noise_bytes(kPlane * 3, 81)});
  CHECK(crop(1, 2) == read_image(file));
  write_png(file, {.width = 31, .height = 64, .palette = {}, .data = Bytes(31 * 64 * 3)});
  CHECK(holds(error_of([&] { crop(1, 2); }), {"image.png", "31 x 64", "--resize"}));
}

TEST_CASE("An image of another size is an error with a remedy") {
  const TemporaryFolder folder;
  const fs::path file = folder / "large.png";
  write_png(file, {.width = 64, .height = 48, .palette = {}, .data = Bytes(64 * 48 * 3)});
  CHECK(holds(error_reading(file), {"large.png", "64 x 48", "--resize", "--center-crop"}));
  const fs::path small = folder / "small.jpg";
  write_jpeg(small, {.width = 31, .height = 40, .data = Bytes(31 * 40 * 3)});
  CHECK(holds(error_reading(small), {"small.jpg", "31 x 40", "--resize", "--center-crop"}));
  CHECK(holds(error_reading(small, ImageFit::kCenterCrop), {"small.jpg", "31 x 40", "--resize"}));
  CHECK(error_reading(small, ImageFit::kResize) == kNoError);
}

}  // namespace odin::test
