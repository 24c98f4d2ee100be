#include "eval/data/cifar.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/eval/data/data_support.h"
#include "tests/support/error_of.h"
#include "tests/support/support.h"

namespace odin::test {
namespace {
namespace fs = std::filesystem;

constexpr std::size_t kImage = 3 * 32 * 32;

// Records with the given label bytes and images of noise, which it also appends to `images`.
Bytes records(const std::vector<Bytes>& labels, std::uint64_t seed, Bytes& images) {
  Bytes bytes;
  for (const Bytes& label : labels) {
    bytes.insert(bytes.end(), label.begin(), label.end());
    const Bytes image = noise_bytes(kImage, seed++);
    bytes.insert(bytes.end(), image.begin(), image.end());
    images.insert(images.end(), image.begin(), image.end());
  }
  return bytes;
}

std::vector<int> labels_of(const Dataset& dataset) {
  return {dataset.labels().begin(), dataset.labels().end()};
}

std::string error_opening(const fs::path& path, CifarVersion version,
                          CifarSplit split = CifarSplit::kTest) {
  return error_of([&] { open_cifar(path, version, split); });
}

// 10,000 images, with the same number of each class.
void check_balanced_test_half(const Dataset& test, int classes) {
  CHECK(test.size() == 10000);
  for (int label = 0; label < classes; ++label) {
    CHECK(std::count(test.labels().begin(), test.labels().end(), label) == 10000 / classes);
  }
}

}  // namespace

TEST_CASE("CIFAR-10: images and labels are found by the folder, its parent or a file") {
  const TemporaryFolder folder;
  const fs::path inner = folder / "cifar-10-batches-bin";
  fs::create_directory(inner);
  Bytes images;
  write_file(inner / "test_batch.bin", records({{3}, {9}, {0}}, 100, images));
  for (const fs::path& path : {folder.path(), inner, inner / "test_batch.bin"}) {
    const auto dataset = open_cifar(path, CifarVersion::kCifar10, CifarSplit::kTest);
    CHECK(dataset->name() == "CIFAR-10");
    CHECK(dataset->size() == 3);
    CHECK(dataset->num_classes() == 10);
    CHECK(labels_of(*dataset) == std::vector{3, 9, 0});
    const std::vector<int> pixels = read_all_bytes(*dataset);
    CHECK(std::equal(pixels.begin(), pixels.end(), images.begin(), images.end()));
    // Reading in other pieces gives the same images.
    CHECK(read_all(*dataset, 1) == read_all(*dataset, 2));
    CHECK(read_all(*dataset, 1) == read_all(*dataset, 3));
  }
}

TEST_CASE("CIFAR: the class names are those of its own file, if it is there") {
  const TemporaryFolder folder;
  Bytes images;
  const auto names = [&](const char* of_file, CifarVersion version) {
    const auto dataset = open_cifar(folder / of_file, version, CifarSplit::kTest);
    return std::vector<std::string>(dataset->class_names().begin(), dataset->class_names().end());
  };
  write_file(folder / "test_batch.bin", records({{3}}, 100, images));
  CHECK(names("", CifarVersion::kCifar10).empty());
  write_bytes(folder / "batches.meta.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n");
  CHECK(names("", CifarVersion::kCifar10).at(9) == "j");
  CHECK(names("test_batch.bin", CifarVersion::kCifar10).at(0) == "a");
  write_file(folder / "test.bin", records({{3, 99}}, 100, images));
  CHECK(names("", CifarVersion::kCifar100).empty());
  std::string hundred;
  for (int i = 0; i < 100; ++i) hundred += fmt::format("fine {}\n", i);
  write_bytes(folder / "fine_label_names.txt", hundred);
  CHECK(names("", CifarVersion::kCifar100).at(99) == "fine 99");
  write_bytes(folder / "batches.meta.txt", "a\nb\n");
  CHECK(holds(error_opening(folder.path(), CifarVersion::kCifar10),
              {"batches.meta.txt", "names 2 classes, where 10 are needed"}));
}

TEST_CASE("CIFAR-10: the training half is five files in order") {
  const TemporaryFolder folder;
  Bytes images;
  std::vector<int> labels;
  for (int batch = 1; batch <= 5; ++batch) {
    std::vector<Bytes> of_batch;
    for (int i = 0; i < batch; ++i) {  // of different lengths
      of_batch.push_back({static_cast<std::uint8_t>(batch + i)});
      labels.push_back(batch + i);
    }
    write_file(folder / fmt::format("data_batch_{}.bin", batch),
               records(of_batch, 200 + static_cast<std::uint64_t>(10 * batch), images));
  }
  const auto dataset = open_cifar(folder.path(), CifarVersion::kCifar10, CifarSplit::kTraining);
  CHECK(dataset->name() == "CIFAR-10 (training)");
  CHECK(dataset->size() == 15);
  CHECK(labels_of(*dataset) == labels);
  const std::vector<int> pixels = read_all_bytes(*dataset);
  CHECK(std::equal(pixels.begin(), pixels.end(), images.begin(), images.end()));
  CHECK(read_all(*dataset, 4) == read_all(*dataset, 15));

  fs::remove(folder / "data_batch_3.bin");
  CHECK(holds(error_opening(folder.path(), CifarVersion::kCifar10, CifarSplit::kTraining),
              {"data_batch_3.bin", "CIFAR-10", "cifar-10-batches-bin"}));
}

TEST_CASE("CIFAR-100: the fine label is used") {
  const TemporaryFolder folder;
  Bytes images;
  write_file(folder / "test.bin", records({{19, 99}, {0, 5}}, 300, images));
  write_file(folder / "train.bin", records({{7, 42}}, 310, images));
  const auto test = open_cifar(folder.path(), CifarVersion::kCifar100, CifarSplit::kTest);
  CHECK(test->name() == "CIFAR-100");
  CHECK(test->num_classes() == 100);
  CHECK(labels_of(*test) == std::vector{99, 5});
  const auto training = open_cifar(folder.path(), CifarVersion::kCifar100, CifarSplit::kTraining);
  CHECK(labels_of(*training) == std::vector{42});
  std::vector<int> pixels = read_all_bytes(*test);
  const std::vector<int> more = read_all_bytes(*training);
  pixels.insert(pixels.end(), more.begin(), more.end());
  CHECK(std::equal(pixels.begin(), pixels.end(), images.begin(), images.end()));
}

TEST_CASE("CIFAR: pixels are bytes / 255 in red, green, blue order") {
  const TemporaryFolder folder;
  Bytes bytes(1 + kImage, 0);
  bytes[1] = 51;                // red, first pixel
  bytes[1 + 1024 + 33] = 255;   // green, row 1, column 1
  bytes[1 + 2048 + 1023] = 85;  // blue, last pixel
  write_file(folder / "one.bin", bytes);
  const auto dataset = open_cifar(folder / "one.bin", CifarVersion::kCifar10, CifarSplit::kTest);
  std::vector<float> expected(kImage, 0.0f);
  expected[0] = 0.2f;
  expected[1024 + 33] = 1.0f;
  expected[2048 + 1023] = 85.0f / 255.0f;
  CHECK(read_all(*dataset) == expected);
}

TEST_CASE("CIFAR: malformed files are errors") {
  const TemporaryFolder folder;
  Bytes images;
  const fs::path file = folder / "data.bin";
  const Bytes good = records({{1}, {2}}, 400, images);

  CHECK(
      holds(error_opening(folder / "absent", CifarVersion::kCifar10), {"absent", "No such file"}));
  CHECK(holds(error_opening(folder.path(), CifarVersion::kCifar10),
              {"test_batch.bin", "binary version of CIFAR-10"}));
  CHECK(holds(error_opening(folder.path(), CifarVersion::kCifar100),
              {"test.bin", "cifar-100-binary"}));

  write_file(file, Bytes(good.begin(), good.end() - 1));
  CHECK(holds(error_opening(file, CifarVersion::kCifar10),
              {"data.bin", "6145 bytes", "3073-byte records"}));
  write_file(file, {});
  CHECK(holds(error_opening(file, CifarVersion::kCifar10), {"data.bin", "0 bytes"}));
  write_gzip(file, good);
  CHECK(holds(error_opening(file, CifarVersion::kCifar10),
              {"data.bin", "is a packed archive: unpack it with 'tar xf'"}));
  write_file(file, good);
  CHECK(holds(error_opening(file, CifarVersion::kCifar100), {"data.bin", "3074-byte records"}));

  write_file(file, records({{1}, {10}}, 410, images));
  CHECK(holds(error_opening(file, CifarVersion::kCifar10),
              {"data.bin", "label 10 in record 1", "classes 0 to 9"}));
  write_file(file, records({{20, 3}}, 420, images));
  CHECK(holds(error_opening(file, CifarVersion::kCifar100), {"label 20", "classes 0 to 19"}));
  write_file(file, records({{2, 100}}, 430, images));
  CHECK(holds(error_opening(file, CifarVersion::kCifar100), {"label 100", "classes 0 to 99"}));
}

TEST_CASE("CIFAR: a file truncated after it was opened is an error, and so is a wrong range") {
  const TemporaryFolder folder;
  Bytes images;
  write_file(folder / "data.bin", records({{1}, {2}}, 500, images));
  const auto dataset = open_cifar(folder / "data.bin", CifarVersion::kCifar10, CifarSplit::kTest);
  std::vector<float> pixels(2 * kImage);
  for (const auto& range : {std::pair{0, 3}, {2, 1}, {-1, 1}, {0, -1}, {3, 0}}) {
    CHECK(holds(error_of([&] { dataset->read(range.first, range.second, pixels.data()); }),
                {"'CIFAR-10', which has 2"}));
  }
  dataset->read(2, 0, pixels.data());  // nothing, from the end
  fs::resize_file(folder / "data.bin", 4000);
  dataset->read(0, 1, pixels.data());
  CHECK(holds(error_of([&] { dataset->read(1, 1, pixels.data()); }), {"data.bin", "ends after"}));
}

TEST_CASE("CIFAR-10: the real training half has its published statistics" *
          doctest::test_suite("needs-data")) {
  const TemporaryFolder folder;
  if (!unpack_shared("cifar10", folder.path())) return;
  const auto test = open_cifar(folder.path(), CifarVersion::kCifar10, CifarSplit::kTest);
  check_balanced_test_half(*test, 10);

  const auto training = open_cifar(folder.path(), CifarVersion::kCifar10, CifarSplit::kTraining);
  REQUIRE(training->size() == 50000);
  std::array<double, 3> sum{};
  std::array<double, 3> squares{};
  constexpr std::int64_t kChunk = 500;
  std::vector<float> pixels(kChunk * kImage);
  for (std::int64_t begin = 0; begin < training->size(); begin += kChunk) {
    training->read(begin, kChunk, pixels.data());
    for (std::size_t i = 0; i < pixels.size(); ++i) {
      const double pixel = pixels[i] * 255.0;
      sum[i / 1024 % 3] += pixel;
      squares[i / 1024 % 3] += pixel * pixel;
    }
  }
  constexpr std::array kMean = {125.307, 122.950, 113.865};
  constexpr std::array kDeviation = {62.993, 62.089, 66.705};
  for (std::size_t c = 0; c < 3; ++c) {
    const double mean = sum[c] / (50000.0 * 1024);
    const double deviation = std::sqrt(squares[c] / (50000.0 * 1024) - mean * mean);
    // The published figures have three decimals.
    CHECK(std::abs(mean - kMean[c]) < 0.00051);
    CHECK(std::abs(deviation - kDeviation[c]) < 0.00051);
  }
}

TEST_CASE("CIFAR-100: the real test half is balanced" * doctest::test_suite("needs-data")) {
  const TemporaryFolder folder;
  if (!unpack_shared("cifar100", folder.path())) return;
  const auto test = open_cifar(folder.path(), CifarVersion::kCifar100, CifarSplit::kTest);
  check_balanced_test_half(*test, 100);
}

}  // namespace odin::test
