#include "eval/image/image_file.h"

#include <algorithm>
#include <array>

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "tests/eval/data/data_support.h"
#include "tests/support/support.h"

namespace odin::test {
namespace {
namespace fs = std::filesystem;

constexpr std::size_t kPlane = 32 * 32;

// (3, 32, 32) of interleaved data (32, 32, `channels`) whose channels red, green, blue are given.
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

std::string error_reading(const fs::path& file, ImageFit fit = ImageFit::kExact) {
  return error_of([&] { read_image(file, fit); });
}

// A PNG chunk with a right checksum, which is the CRC of its type and content.
void append_chunk(Bytes& png, std::string_view type, const Bytes& content) {
  append_u32(png, static_cast<std::uint32_t>(content.size()));
  Bytes body(type.begin(), type.end());
  body.insert(body.end(), content.begin(), content.end());
  std::uint32_t crc = 0xFFFFFFFFu;
  for (const std::uint8_t byte : body) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
  }
  png.insert(png.end(), body.begin(), body.end());
  append_u32(png, ~crc);
}

// A PNG that claims to be of this size and then ends.
Bytes png_header(std::uint32_t width, std::uint32_t height) {
  Bytes header;
  append_u32(header, width);
  append_u32(header, height);
  header.insert(header.end(), {8, 2, 0, 0, 0});
  Bytes png = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  append_chunk(png, "IHDR", header);
  append_chunk(png, "IDAT", {});
  return png;
}

}  // namespace

TEST_CASE("PNG images of every kind become their red, green and blue bytes") {
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

TEST_CASE("JPEG images of one colour keep it") {
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
  // Inverted, as Adobe writes CMYK: 255 is no ink, so the product of ink's absence and black's.
  check({.channels = 4, .data = plain({255, 128, 0, 255})}, {255, 128, 0});
  check({.channels = 4, .data = plain({255, 128, 0, 128})}, {128, 64, 0});
}

TEST_CASE("The format is told by the content, not the name") {
  const TemporaryFolder folder;
  write_plain_png(folder / "a.jpg", 1, 2, 3);
  CHECK(read_image(folder / "a.jpg")[0] == 1);
  write_jpeg(folder / "b.png", {.channels = 1, .data = Bytes(kPlane, 90)});
  CHECK(read_image(folder / "b.png")[0] == 90);
}

TEST_CASE("Images agree byte for byte with Pillow") {
  const TemporaryFolder folder;
  if (!run_pillow("make '" + folder.path().string() + "'")) return;
  // Kinds that Pillow reads but cannot write.
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
    const fs::path images = folder / c.images;
    const fs::path out = folder / "pixels";
    if (!run_pillow("pixels '" + images.string() + "' " + c.fit + " '" + out.string() + "'"))
      return;
    const Bytes expected = read_file(out);
    std::vector<fs::path> files(fs::directory_iterator(images), fs::directory_iterator{});
    std::sort(files.begin(), files.end());
    REQUIRE(expected.size() == files.size() * 3 * kPlane);
    for (std::size_t i = 0; i < files.size(); ++i) {
      CAPTURE(files[i].string());
      CAPTURE(c.fit);
      const Bytes pixels = read_image(files[i], c.value);
      CHECK(std::equal(pixels.begin(), pixels.end(),
                       expected.begin() + static_cast<std::ptrdiff_t>(i * 3 * kPlane)));
    }
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
  // PyTorch interpolates in both directions at once, we round to bytes in between.
  for (const Case& c :
       {Case{"nearest", ImageFit::kResizeNearest, 0}, {"bilinear", ImageFit::kResizeBilinear, 1}}) {
    for (const char* images : {"sized", "small", "exact"}) {
      const fs::path out = folder / "pixels";
      if (!run_pillow(fmt::format("pixels '{}' {} '{}'", (folder / images).string(), c.fit,
                                  out.string()))) {
        return;
      }
      const Bytes expected = read_file(out);
      std::vector<fs::path> files(fs::directory_iterator(folder / images),
                                  fs::directory_iterator{});
      std::sort(files.begin(), files.end());
      REQUIRE(expected.size() == files.size() * 3 * kPlane);
      for (std::size_t i = 0; i < files.size(); ++i) {
        CAPTURE(files[i].string());
        CAPTURE(c.fit);
        const Bytes pixels = read_image(files[i], c.value);
        int furthest = 0;
        for (std::size_t k = 0; k < pixels.size(); ++k) {
          furthest = std::max(furthest, std::abs(pixels[k] - expected[i * pixels.size() + k]));
        }
        CHECK(furthest <= c.tolerance);
      }
    }
  }
}

TEST_CASE("A random crop is a part of the image, anywhere in it, by seed and image") {
  const TemporaryFolder folder;
  const fs::path file = folder / "image.png";
  // Each pixel tells where it is: red its column, green its row.
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
    read_image_file(file, ImageFit::kRandomCrop, pixels.data(), {seed, image});
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

TEST_CASE("An image of another size is an error that says what can be done") {
  const TemporaryFolder folder;
  const fs::path file = folder / "large.png";
  write_png(file, {.width = 64, .height = 48, .palette = {}, .data = Bytes(64 * 48 * 3)});
  CHECK(holds(error_reading(file), {"large.png", "64 x 48", "--resize", "--center-crop"}));
  const fs::path small = folder / "small.jpg";
  write_jpeg(small, {.width = 31, .height = 40, .data = Bytes(31 * 40 * 3)});
  CHECK(holds(error_reading(small), {"small.jpg", "31 x 40", "--resize", "--center-crop"}));
  CHECK(holds(error_reading(small, ImageFit::kCenterCrop), {"small.jpg", "31 x 40", "--resize"}));
  CHECK(error_reading(small, ImageFit::kResize).empty());
}

TEST_CASE("Cut short anywhere, an image is an error that names its file") {
  const TemporaryFolder folder;
  const fs::path whole = folder / "whole";
  const fs::path cut = folder / "cut";
  const auto check = [&] {
    const Bytes bytes = read_file(whole);
    REQUIRE(error_reading(whole).empty());
    for (std::size_t length = 0; length < bytes.size(); length += 1 + length / 40) {
      CAPTURE(length);
      write_file(cut, Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length)));
      CHECK(holds(error_reading(cut), {"/cut'"}));
    }
    // Even if but the last byte is missing.
    write_file(cut, Bytes(bytes.begin(), bytes.end() - 1));
    CHECK(holds(error_reading(cut), {"/cut'", "cannot be decoded"}));
  };
  SUBCASE("PNG") {
    write_png(whole, {.palette = {}, .data = noise_bytes(kPlane * 3, 31)});
    check();
  }
  SUBCASE("interlaced PNG") {
    write_png(whole, {.interlaced = true, .palette = {}, .data = noise_bytes(kPlane * 3, 32)});
    check();
  }
  SUBCASE("JPEG") {
    write_jpeg(whole, {.data = noise_bytes(kPlane * 3, 33)});
    check();
  }
  SUBCASE("progressive JPEG") {
    write_jpeg(whole, {.progressive = true, .data = noise_bytes(kPlane * 3, 34)});
    check();
  }
}

TEST_CASE("Damaged anywhere, an image is read or is an error, and nothing worse") {
  const TemporaryFolder folder;
  const fs::path whole = folder / "whole";
  const fs::path damaged = folder / "damaged";
  const auto check = [&](std::uint64_t seed) {
    const Bytes bytes = read_file(whole);
    int errors = 0;
    constexpr int kTrials = 300;
    for (int trial = 0; trial < kTrials; ++trial) {
      Bytes changed = bytes;
      const Bytes where = noise_bytes(16, seed + static_cast<std::uint64_t>(trial));
      for (std::size_t i = 0; i < 2; ++i) {
        // Every third time within the header, where it hurts most.
        const std::size_t range = trial % 3 == 0 ? std::size_t{64} : changed.size();
        changed[(std::size_t{where[3 * i]} << 8 | where[3 * i + 1]) % range] = where[3 * i + 2];
      }
      write_file(damaged, changed);
      for (const ImageFit fit : {ImageFit::kExact, ImageFit::kResize}) {
        const std::string message = error_reading(damaged, fit);
        CHECK((message.empty() || holds(message, {"/damaged'"})));
        errors += message.empty() ? 0 : 1;
      }
    }
    CHECK(errors > kTrials / 2);  // of 2 kTrials readings; the checks of the formats find that many
  };
  SUBCASE("PNG") {
    write_png(whole, {.palette = {}, .data = noise_bytes(kPlane * 3, 41)});
    check(1000);
  }
  SUBCASE("interlaced PNG with a palette") {
    write_png(whole, {.colour_type = 3,
                      .interlaced = true,
                      .palette = noise_bytes(256 * 3, 42),
                      .data = noise_bytes(kPlane, 43)});
    check(2000);
  }
  SUBCASE("progressive JPEG") {
    write_jpeg(whole, {.progressive = true, .data = noise_bytes(kPlane * 3, 44)});
    check(3000);
  }
}

TEST_CASE("A changed byte of PNG data or of its checksum is an error") {
  const TemporaryFolder folder;
  const fs::path file = folder / "image.png";
  write_png(file, {.palette = {}, .data = noise_bytes(kPlane * 3, 51)});
  Bytes bytes = read_file(file);
  bytes[bytes.size() / 2] ^= 1;
  write_file(file, bytes);
  CHECK(holds(error_reading(file), {"image.png", "cannot be decoded as a PNG image"}));
}

TEST_CASE("A palette's index beyond its end is an error") {
  const TemporaryFolder folder;
  const fs::path file = folder / "image.png";
  Bytes data(kPlane, 3);
  data[500] = 4;
  write_png(file, {.colour_type = 3, .palette = Bytes(4 * 3, 9), .data = data});
  CHECK(holds(error_reading(file), {"image.png", "palette of 4"}));
}

TEST_CASE("What a JPEG made up for lost data is not taken for an image") {
  const TemporaryFolder folder;
  const fs::path file = folder / "image.jpg";
  write_jpeg(file, {.data = noise_bytes(kPlane * 3, 52)});
  Bytes bytes = read_file(file);
  // The file's end marker in the middle of its data: the decoder would fill the rest with grey.
  bytes[bytes.size() / 2] = 0xFF;
  bytes[bytes.size() / 2 + 1] = 0xD9;
  write_file(file, bytes);
  CHECK(holds(error_reading(file), {"image.jpg", "cannot be decoded as a JPEG image"}));
}

TEST_CASE("A size that a file only claims does not decide how much memory is used") {
  const TemporaryFolder folder;
  const fs::path file = folder / "huge.png";
  for (const auto& [width, height] :
       {std::pair{0x7FFFFFFFu, 0x7FFFFFFFu}, {65536u, 1u}, {1u, 100000u}, {60000u, 60000u}}) {
    write_file(file, png_header(width, height));
    for (const ImageFit fit : {ImageFit::kResize, ImageFit::kCenterCrop}) {
      CHECK(holds(error_reading(file, fit), {"huge.png", "claims to be"}));
    }
    CHECK(holds(error_reading(file), {"huge.png", "--resize"}));
  }
  // The largest that is begun: its rows are read one by one, and there are none.
  write_file(file, png_header(8192, 8192));
  CHECK(holds(error_reading(file, ImageFit::kResize),
              {"huge.png", "cannot be decoded as a PNG image"}));
  write_file(file, png_header(0, 32));
  CHECK(holds(error_reading(file), {"huge.png", "cannot be decoded as a PNG image"}));

  // JPEG: height and width follow the marker SOF0, its length and its precision.
  const fs::path jpeg = folder / "huge.jpg";
  write_jpeg(jpeg, {.data = noise_bytes(kPlane * 3, 61)});
  Bytes bytes = read_file(jpeg);
  const Bytes start_of_frame = {0xFF, 0xC0};
  const auto at =
      std::search(bytes.begin(), bytes.end(), start_of_frame.begin(), start_of_frame.end());
  REQUIRE(at != bytes.end());
  const Bytes size = {0xFD, 0xE8, 0xFD, 0xE8};
  std::copy(size.begin(), size.end(), at + 5);
  write_file(jpeg, bytes);
  CHECK(holds(error_reading(jpeg, ImageFit::kResize), {"huge.jpg", "claims to be 65000 x 65000"}));
}

TEST_CASE("A JPEG of endless scans is refused") {
  const TemporaryFolder folder;
  const fs::path file = folder / "scans.jpg";
  write_jpeg(file, {.progressive = true, .data = noise_bytes(kPlane * 3, 62)});
  Bytes bytes = read_file(file);
  const Bytes start_of_scan = {0xFF, 0xDA};
  const auto last =
      std::find_end(bytes.begin(), bytes.end(), start_of_scan.begin(), start_of_scan.end());
  const Bytes scan(last, bytes.end() - 2);  // without the marker of the file's end
  Bytes endless(bytes.begin(), bytes.end() - 2);
  for (int i = 0; i < 1000; ++i) endless.insert(endless.end(), scan.begin(), scan.end());
  endless.insert(endless.end(), bytes.end() - 2, bytes.end());
  write_file(file, endless);
  CHECK(holds(error_reading(file), {"scans.jpg", "more scans"}));
}

TEST_CASE("What is no image is an error that names it") {
  const TemporaryFolder folder;
  CHECK(holds(error_reading(folder / "absent.png"), {"absent.png", "No such file"}));
  write_file(folder / "empty.png", {});
  CHECK(holds(error_reading(folder / "empty.png"), {"empty.png", "is empty"}));
  write_file(folder / "text.png", {'h', 'i'});
  CHECK(holds(error_reading(folder / "text.png"), {"text.png", "neither a PNG nor a JPEG"}));
  write_file(folder / "gif.png", {'G', 'I', 'F', '8', '9', 'a'});
  CHECK(holds(error_reading(folder / "gif.png"), {"gif.png", "neither a PNG nor a JPEG"}));
  fs::create_directory(folder / "folder.png");
  CHECK(holds(error_reading(folder / "folder.png"), {"folder.png", "is a folder"}));
  REQUIRE(::mkfifo((folder / "pipe.png").c_str(), 0600) == 0);
  CHECK(holds(error_reading(folder / "pipe.png"), {"pipe.png", "not a regular file"}));
  fs::create_symlink("nowhere", folder / "link.png");
  CHECK(holds(error_reading(folder / "link.png"), {"link.png", "No such file"}));
  fs::create_symlink("loop.png", folder / "loop.png");
  CHECK(holds(error_reading(folder / "loop.png"), {"loop.png", "cannot open"}));
}

}  // namespace odin::test
