// Image files that are truncated, damaged, hostile or not images.
#include <algorithm>

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "tests/eval/image/image_support.h"
#include "tests/support/error_of.h"
#include "tests/support/support.h"

namespace odin::test {
namespace {
namespace fs = std::filesystem;

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

TEST_CASE("An image truncated anywhere is an error that names its file") {
  const TemporaryFolder folder;
  const fs::path whole = folder / "whole";
  const fs::path cut = folder / "cut";
  const auto check = [&] {
    const Bytes bytes = read_file(whole);
    REQUIRE(error_reading(whole) == kNoError);
    for (std::size_t length = 0; length < bytes.size(); length += 1 + length / 40) {
      CAPTURE(length);
      write_file(cut, Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length)));
      CHECK(holds(error_reading(cut), {"/cut'"}));
    }
    // Even if only the last byte is missing.
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

TEST_CASE("An image damaged anywhere is read or is an error, and nothing worse") {
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
        // Every third time within the header, where damage is worst.
        const std::size_t range = trial % 3 == 0 ? std::size_t{64} : changed.size();
        changed[(std::size_t{where[3 * i]} << 8 | where[3 * i + 1]) % range] = where[3 * i + 2];
      }
      write_file(damaged, changed);
      for (const ImageFit fit : {ImageFit::kExact, ImageFit::kResize}) {
        const std::string message = error_reading(damaged, fit);
        CHECK((message == kNoError || holds(message, {"/damaged'"})));
        errors += message == kNoError ? 0 : 1;
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

TEST_CASE("A JPEG whose decoder makes up lost data is an error") {
  const TemporaryFolder folder;
  const fs::path file = folder / "image.jpg";
  write_jpeg(file, {.data = noise_bytes(kPlane * 3, 52)});
  Bytes bytes = read_file(file);
  // With the end marker in the middle of the data, the decoder would fill the rest with grey.
  bytes[bytes.size() / 2] = 0xFF;
  bytes[bytes.size() / 2 + 1] = 0xD9;
  write_file(file, bytes);
  CHECK(holds(error_reading(file), {"image.jpg", "cannot be decoded as a JPEG image"}));
}

TEST_CASE("The size that a file claims does not decide how much memory is used") {
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
  // The largest size that is accepted: its rows are read one by one, and there are none.
  write_file(file, png_header(8192, 8192));
  CHECK(holds(error_reading(file, ImageFit::kResize),
              {"huge.png", "cannot be decoded as a PNG image"}));
  write_file(file, png_header(0, 32));
  CHECK(holds(error_reading(file), {"huge.png", "cannot be decoded as a PNG image"}));

  // In JPEG, height and width come after the marker SOF0, its length and its precision.
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

TEST_CASE("A JPEG with endless scans is refused") {
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

TEST_CASE("A file that is not an image is an error that names it") {
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
