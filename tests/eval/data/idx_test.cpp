#include "eval/data/idx.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "tests/eval/data/data_support.h"
#include "tests/support/error_of.h"
#include "tests/support/support.h"

namespace odin::test {
namespace {
namespace fs = std::filesystem;

Bytes idx(const std::vector<std::uint32_t>& extents, const Bytes& elements) {
  Bytes bytes = {0, 0, 8, static_cast<std::uint8_t>(extents.size())};
  for (const std::uint32_t extent : extents) append_u32(bytes, extent);
  bytes.insert(bytes.end(), elements.begin(), elements.end());
  return bytes;
}

std::string error_opening(const fs::path& file, ImageFit fit = ImageFit::kExact) {
  return error_of([&] { open_idx(file, fit); });
}

// One grey image (height, width) as (3, 32, 32) with a black border.
std::vector<int> padded(const std::uint8_t* image, std::size_t height, std::size_t width) {
  std::vector<int> plane(32 * 32, 0);
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t x = 0; x < width; ++x) {
      plane[(y + (32 - height) / 2) * 32 + x + (32 - width) / 2] = image[y * width + x];
    }
  }
  std::vector<int> pixels;
  for (int c = 0; c < 3; ++c) pixels.insert(pixels.end(), plane.begin(), plane.end());
  return pixels;
}

}  // namespace

TEST_CASE("IDX: small images get a black border and three channels unless they are scaled") {
  const TemporaryFolder folder;
  for (const auto& extents : {std::pair{28u, 28u}, {32u, 32u}, {1u, 31u}, {20u, 28u}}) {
    const auto height = extents.first;
    const auto width = extents.second;
    CAPTURE(height);
    CAPTURE(width);
    const std::size_t size = std::size_t{height} * width;
    const Bytes elements = noise_bytes(3 * size, 1);
    std::vector<int> expected;
    for (std::size_t i = 0; i < 3; ++i) {
      const std::vector<int> image = padded(elements.data() + i * size, height, width);
      expected.insert(expected.end(), image.begin(), image.end());
    }
    write_file(folder / "plain", idx({3, height, width}, elements));
    write_gzip(folder / "packed.gz", idx({3, height, width}, elements));
    for (const char* name : {"plain", "packed.gz"}) {
      for (const ImageFit fit : {ImageFit::kExact, ImageFit::kCenterCrop, ImageFit::kRandomCrop}) {
        const auto dataset = open_idx(folder / name, fit);
        CHECK(dataset->name() == name);
        CHECK(dataset->size() == 3);
        CHECK(!dataset->labelled());
        CHECK(dataset->labels().empty());
        CHECK(read_all_bytes(*dataset) == expected);
        CHECK(read_all(*dataset, 1) == read_all(*dataset, 2));
      }
    }
  }
}

TEST_CASE("IDX: labels are found next to the images, by name") {
  const TemporaryFolder folder;
  const Bytes images = idx({3, 28, 28}, noise_bytes(3 * 28 * 28, 2));
  const Bytes labels = idx({3}, {4, 0, 6});
  const auto check = [&](const char* of_images, const char* of_labels) {
    CAPTURE(of_images);
    CAPTURE(of_labels);
    const TemporaryFolder inner;
    const auto write = [&](const char* name, const Bytes& bytes) {
      std::string_view(name).ends_with(".gz") ? write_gzip(inner / name, bytes)
                                              : write_file(inner / name, bytes);
    };
    write(of_images, images);
    write(of_labels, labels);
    const auto dataset = open_idx(inner / of_images, ImageFit::kExact);
    CHECK(dataset->num_classes() == 7);
    CHECK(std::vector<int>(dataset->labels().begin(), dataset->labels().end()) ==
          std::vector{4, 0, 6});
  };
  check("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz");
  check("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte");
  check("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte.gz");
  check("train-images.idx3-ubyte", "train-labels.idx1-ubyte");
  check("images", "labels");

  write_file(folder / "t10k-images-idx3-ubyte", images);
  CHECK(!open_idx(folder / "t10k-images-idx3-ubyte", ImageFit::kExact)->labelled());
  write_file(folder / "t10k-labels-idx1-ubyte", idx({2}, {4, 0}));
  CHECK(holds(error_opening(folder / "t10k-images-idx3-ubyte"),
              {"t10k-labels-idx1-ubyte", "2 labels", "3 images"}));
  write_file(folder / "t10k-labels-idx1-ubyte", {1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(holds(error_opening(folder / "t10k-images-idx3-ubyte"),
              {"t10k-labels-idx1-ubyte", "not an IDX file"}));
}

TEST_CASE("IDX: larger images are cropped or scaled on request, else an error") {
  const TemporaryFolder folder;
  const Bytes elements = noise_bytes(2 * 40 * 36, 3);
  const fs::path file = folder / "large";
  write_file(file, idx({2, 40, 36}, elements));
  CHECK(holds(error_opening(file), {"large", "36 x 40", "--resize", "--center-crop"}));

  std::vector<int> expected;
  for (std::size_t i = 0; i < 2; ++i) {
    for (int c = 0; c < 3; ++c) {
      for (std::size_t y = 4; y < 36; ++y) {
        for (std::size_t x = 2; x < 34; ++x) expected.push_back(elements[(i * 40 + y) * 36 + x]);
      }
    }
  }
  CHECK(read_all_bytes(*open_idx(file, ImageFit::kCenterCrop)) == expected);

  // Scaled like an image file.
  write_png(folder / "first.png", {.width = 36,
                                   .height = 40,
                                   .colour_type = 0,
                                   .palette = {},
                                   .data = Bytes(elements.begin(), elements.begin() + 40 * 36)});
  const Bytes scaled = read_image(folder / "first.png", ImageFit::kResize);
  const std::vector<int> pixels = read_all_bytes(*open_idx(file, ImageFit::kResize));
  CHECK(std::equal(scaled.begin(), scaled.end(), pixels.begin()));

  write_file(file, idx({1, 20, 36}, Bytes(20 * 36)));
  CHECK(holds(error_opening(file, ImageFit::kCenterCrop), {"large", "36 x 20", "--resize"}));
}

TEST_CASE("IDX: small images are scaled on request, like an image file") {
  const TemporaryFolder folder;
  for (const auto& sides : {std::pair{28, 28}, {32, 32}, {20, 31}, {40, 16}}) {
    const int height = sides.first;
    const int width = sides.second;
    CAPTURE(height);
    CAPTURE(width);
    const auto size = static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
    const Bytes elements = noise_bytes(2 * size, 5);
    const auto extents = {2U, static_cast<std::uint32_t>(height),
                          static_cast<std::uint32_t>(width)};
    write_file(folder / "plain", idx(extents, elements));
    write_gzip(folder / "packed.gz", idx(extents, elements));
    for (const ImageFit fit :
         {ImageFit::kResize, ImageFit::kResizeBilinear, ImageFit::kResizeNearest}) {
      std::vector<int> expected;
      for (std::size_t i = 0; i < 2; ++i) {
        const auto* image = elements.data() + i * size;
        write_png(folder / "image.png", {.width = width,
                                         .height = height,
                                         .colour_type = 0,
                                         .palette = {},
                                         .data = Bytes(image, image + size)});
        const Bytes scaled = read_image(folder / "image.png", fit);
        expected.insert(expected.end(), scaled.begin(), scaled.end());
      }
      CHECK(read_all_bytes(*open_idx(folder / "plain", fit)) == expected);
      CHECK(read_all_bytes(*open_idx(folder / "packed.gz", fit)) == expected);
    }
  }
}

TEST_CASE("IDX: malformed files are errors") {
  const TemporaryFolder folder;
  const fs::path file = folder / "data";
  const auto error_with = [&](const Bytes& bytes, std::string_view what) {
    for (const bool packed : {false, true}) {
      CAPTURE(packed);
      CAPTURE(std::string(what));
      packed ? write_gzip(file, bytes) : write_file(file, bytes);
      const std::string message = error_opening(file);
      CAPTURE(message);
      CHECK(holds(message, {"/data'", what}));
    }
  };
  const Bytes elements = noise_bytes(2 * 28 * 28, 4);
  const Bytes good = idx({2, 28, 28}, elements);

  CHECK(holds(error_opening(folder / "absent"), {"absent", "No such file"}));
  CHECK(holds(error_opening(folder.path()), {"is a folder"}));
  error_with({}, "not an IDX file");
  error_with({0, 0}, "not an IDX file");
  error_with({'P', 'K', 3, 4, 5, 6}, "begins with 50 4b 03 04, not with 00 00 08 03");
  Bytes floats = good;
  floats[2] = 0x0D;
  error_with(floats, "not an IDX file of bytes");
  error_with(idx({5}, Bytes(5)), "1 axes, but images (3 axes)");
  error_with(idx({2, 28, 28, 1}, elements), "4 axes");
  error_with({0, 0, 8, 3, 0, 0, 0, 1}, "ends within its header");
  error_with(idx({0, 28, 28}, {}), "empty");
  error_with(idx({2, 0, 28}, {}), "empty");
  error_with(Bytes(good.begin(), good.end() - 1), "holds 2 x 28 x 28 bytes, but holds 1567");
  error_with(idx({2, 28, 28}, {}), "holds 2 x 28 x 28 bytes, but holds 0");
  Bytes longer = good;
  longer.push_back(0);
  error_with(longer, "holds 2 x 28 x 28 bytes, but holds ");
  // Products that do not fit in 64 bits, or that are right by chance if they overflow.
  error_with(idx({0xFFFFFFFFu, 0xFFFFFFFFu, 0xFFFFFFFFu}, elements),
             "holds 4294967295 x 4294967295 x 4294967295 bytes");
  error_with(idx({0x80000000u, 0x80000000u, 4}, {}), "holds 2147483648 x 2147483648 x 4 bytes");
}

TEST_CASE("IDX: damaged gzip files are errors") {
  const TemporaryFolder folder;
  const fs::path file = folder / "data.gz";
  write_gzip(file, idx({9, 28, 28}, noise_bytes(9 * 28 * 28, 5)));
  const Bytes good = read_file(file);
  for (const std::size_t length :
       {std::size_t{3}, std::size_t{11}, good.size() / 2, good.size() - 9, good.size() - 1}) {
    CAPTURE(length);
    write_file(file, Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(length)));
    CHECK(holds(error_opening(file), {"data.gz", "damaged or truncated"}));
  }
  Bytes changed = good;
  changed[changed.size() - 6] ^= 1;  // in the checksum
  write_file(file, changed);
  CHECK(holds(error_opening(file), {"data.gz", "damaged or truncated"}));
}

TEST_CASE("IDX: a gzip file that unpacks to more than its header says is refused") {
  const TemporaryFolder folder;
  const fs::path file = folder / "bomb.gz";
  // Consecutive members unpack to one stream, far longer than is ever read.
  write_gzip(file, idx({2, 28, 28}, Bytes(std::size_t{1} << 24)));
  const Bytes first = read_file(file);
  write_gzip(file, Bytes(std::size_t{1} << 24));
  const Bytes member = read_file(file);
  Bytes bomb = first;
  for (int i = 0; i < 1000; ++i) bomb.insert(bomb.end(), member.begin(), member.end());
  write_file(file, bomb);
  CHECK(holds(error_opening(file), {"bomb.gz", "2 x 28 x 28 bytes, but holds more"}));

  write_gzip(file, idx({2000000, 28, 28}, {}));
  CHECK(holds(error_opening(file), {"bomb.gz", "at most 1073741824", "gunzip"}));
  // Below the limit, too, memory is taken for the content, not for the claim.
  write_gzip(file, idx({1000000, 28, 28}, {7}));
  CHECK(holds(error_opening(file), {"bomb.gz", "1000000 x 28 x 28 bytes, but holds 1:"}));
}

TEST_CASE("IDX: Debian's Fashion-MNIST is read") {
  const fs::path folder = "/usr/share/datasets/fashion-mnist";
  if (!fs::exists(folder)) {
    skip("Debian's package dataset-fashion-mnist is not installed");
    return;
  }
  const auto dataset = open_idx(folder / "t10k-images-idx3-ubyte.gz", ImageFit::kExact);
  CHECK(dataset->size() == 10000);
  CHECK(dataset->num_classes() == 10);
  for (int label = 0; label < 10; ++label) {
    CHECK(std::count(dataset->labels().begin(), dataset->labels().end(), label) == 1000);
  }
  const std::vector<int> first(dataset->labels().begin(), dataset->labels().begin() + 10);
  CHECK(first == std::vector{9, 2, 1, 1, 6, 1, 4, 6, 5, 7});
  // The known mean 0.2868 of the 28 x 28 pixels of the test half, corrected for the border.
  std::vector<float> pixels(static_cast<std::size_t>(1000 * kImageElements));
  double sum = 0;
  for (std::int64_t begin = 0; begin < 10000; begin += 1000) {
    dataset->read(begin, 1000, pixels.data());
    for (const float pixel : pixels) sum += pixel;
  }
  CHECK(sum / (10000.0 * 3 * 28 * 28) == doctest::Approx(0.2868).epsilon(0.0005));
}

}  // namespace odin::test
