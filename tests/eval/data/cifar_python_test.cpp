// CIFAR's Python version, by hand as Python 2 wrote it, and as Python 3 writes it again.
#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "eval/data/cifar.h"
#include "tests/eval/data/data_support.h"
#include "tests/eval/data/python_batch.h"
#include "tests/support/bytes.h"
#include "tests/support/error_of.h"
#include "tests/support/support.h"

namespace odin::test {
namespace {

namespace fs = std::filesystem;
using namespace std::string_literals;

constexpr std::size_t kImage = 3 * 32 * 32;

// The image of noise that a seed gives.
std::string image(std::uint64_t seed) {
  const Bytes noise = noise_bytes(kImage, seed);
  return {noise.begin(), noise.end()};
}

std::string images(std::size_t count, std::uint64_t seed) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += image(seed + i);
  return all;
}

std::vector<int> labels_of(const Dataset& dataset) {
  return {dataset.labels().begin(), dataset.labels().end()};
}

void check_pixels(const Dataset& dataset, const std::string& expected) {
  const std::vector<int> pixels = read_all_bytes(dataset);
  REQUIRE(pixels.size() == expected.size());
  CHECK(std::equal(pixels.begin(), pixels.end(), expected.begin(),
                   [](int pixel, char byte) { return pixel == static_cast<unsigned char>(byte); }));
  CHECK(read_all(dataset, 1) == read_all(dataset, 3));
}

std::string error_opening(const fs::path& path, CifarVersion version = CifarVersion::kCifar10,
                          CifarSplit split = CifarSplit::kTest) {
  return error_of([&] { open_cifar(path, version, split); });
}

}  // namespace

TEST_CASE("CIFAR-10's Python version is found by its folder, its parent or a file") {
  const TemporaryFolder folder;
  const fs::path inner = folder / "cifar-10-batches-py";
  fs::create_directory(inner);
  write_bytes(inner / "test_batch", python_batch("labels", {3, 9, 0}, images(3, 100)));
  write_bytes(inner / "batches.meta",
              python_names("label_names", {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}));
  for (const fs::path& path : {folder.path(), inner, inner / "test_batch"}) {
    CAPTURE(path.string());
    const auto dataset = open_cifar(path, CifarVersion::kCifar10, CifarSplit::kTest);
    CHECK(dataset->name() == "CIFAR-10");
    CHECK(dataset->num_classes() == 10);
    CHECK(labels_of(*dataset) == std::vector{3, 9, 0});
    CHECK(std::vector(dataset->class_names().begin(), dataset->class_names().end()) ==
          std::vector<std::string>{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"});
    check_pixels(*dataset, images(3, 100));
  }
  // Without the names, the classes have none.
  fs::remove(inner / "batches.meta");
  CHECK(open_cifar(inner, CifarVersion::kCifar10, CifarSplit::kTest)->class_names().empty());
  // Where both versions are, the binary one is read.
  fs::create_directory(folder / "cifar-10-batches-bin");
  write_bytes(folder / "cifar-10-batches-bin/test_batch.bin", "\x07" + image(900));
  CHECK(labels_of(*open_cifar(folder.path(), CifarVersion::kCifar10, CifarSplit::kTest)) ==
        std::vector{7});
}

TEST_CASE("CIFAR-10's Python version: the training half is five files in order") {
  const TemporaryFolder folder;
  std::string all;
  std::vector<int> labels;
  for (int batch = 1; batch <= 5; ++batch) {
    const std::string content =
        images(static_cast<std::size_t>(batch), 200 + static_cast<std::uint64_t>(10 * batch));
    std::vector<int> of_batch;
    for (int i = 0; i < batch; ++i) of_batch.push_back(batch + i);
    write_bytes(folder / fmt::format("data_batch_{}", batch),
                python_batch("labels", of_batch, content));
    labels.insert(labels.end(), of_batch.begin(), of_batch.end());
    all += content;
  }
  const auto dataset = open_cifar(folder.path(), CifarVersion::kCifar10, CifarSplit::kTraining);
  CHECK(dataset->name() == "CIFAR-10 (training)");
  CHECK(labels_of(*dataset) == labels);
  check_pixels(*dataset, all);
  fs::remove(folder / "data_batch_3");
  CHECK(holds(error_opening(folder.path(), CifarVersion::kCifar10, CifarSplit::kTraining),
              {"does not contain data_batch_3, a file of the Python version of CIFAR-10",
               "cifar-10-batches-py"}));
}

TEST_CASE("CIFAR-100's Python version: the fine label and the fine names are used") {
  const TemporaryFolder folder;
  const fs::path inner = folder / "cifar-100-python";
  fs::create_directory(inner);
  std::vector<std::string> names;
  for (int i = 0; i < 100; ++i) names.push_back(fmt::format("fine {}", i));
  write_bytes(inner / "meta", python_names("fine_label_names", names));
  write_bytes(inner / "test", python_batch("fine_labels", {99, 5}, images(2, 300)));
  write_bytes(inner / "train", python_batch("fine_labels", {42}, images(1, 310)));
  const auto test = open_cifar(folder.path(), CifarVersion::kCifar100, CifarSplit::kTest);
  CHECK(labels_of(*test) == std::vector{99, 5});
  CHECK(test->class_names()[99] == "fine 99");
  check_pixels(*test, images(2, 300));
  const auto training = open_cifar(inner, CifarVersion::kCifar100, CifarSplit::kTraining);
  CHECK(labels_of(*training) == std::vector{42});
  check_pixels(*training, images(1, 310));
}

TEST_CASE("CIFAR's Python version is read in every way that people have pickled it") {
  const TemporaryFolder folder;
  constexpr std::size_t kCount = 400;  // more than 1 MiB, so that the images stay in their file
  std::string records;
  std::vector<int> labels;
  for (std::size_t i = 0; i < kCount; ++i) {
    labels.push_back(static_cast<int>(i * 7 % 10));
    records += static_cast<char>(labels.back());
    records += image(1000 + i % 17);
  }
  write_bytes(folder / "test_batch.bin", records);
  const auto expected =
      open_cifar(folder / "test_batch.bin", CifarVersion::kCifar10, CifarSplit::kTest);
  const auto result =
      run_program(fmt::format("{0} {1}/tests/eval/data/cifar_batches.py '{2}/test_batch.bin' '{2}'",
                              ODIN_PYTHON, ODIN_SOURCE_DIR, folder.path().string()));
  if (result.exit_status != 0 && result.errors.find("No module") != std::string::npos) {
    return skip("Python lacks NumPy");
  }
  REQUIRE_MESSAGE(result.exit_status == 0, result.errors);
  const std::vector<float> pixels = read_all(*expected);
  int ways = 0;
  for (const auto& way : fs::directory_iterator(folder.path())) {
    if (!way.is_directory()) continue;
    CAPTURE(way.path().string());
    const auto dataset = open_cifar(way.path(), CifarVersion::kCifar10, CifarSplit::kTest);
    CHECK(labels_of(*dataset) == labels);
    CHECK(read_all(*dataset) == pixels);
    CHECK(dataset->class_names()[9] == "truck");
    ++ways;
  }
  CHECK(ways == 15);
}

TEST_CASE("CIFAR's Python version: what is wrong with a file is said in one sentence") {
  const TemporaryFolder folder;
  const fs::path file = folder / "test_batch";
  const std::string good = python_batch("labels", {1, 2}, images(2, 400));
  const auto replaced = [&](const std::string& from, const std::string& to) {
    std::string content = good;
    content.replace(content.find(from), from.size(), to);
    return content;
  };
  const std::pair<std::string, std::string> cases[] = {
      {good.substr(0, good.size() / 2), "cut short"},
      {good.substr(0, good.size() - 1), "cut short"},
      {python_batch("labels", {1, 10}, images(2, 1)),
       "it has the label 10 for image 1, but CIFAR-10 has classes 0 to 9"},
      {python_batch("labels", {1}, images(2, 1)), "it has 2 images, but 1 labels"},
      {python_batch("fine_labels", {1, 2}, images(2, 1)),
       "it has no 'labels', only 'data', 'fine_labels'"},
      {python_batch("labels", {}, ""), "its data have the shape (0, 3072)"},
      {replaced("U\x02u1", "U\x02u2"), "2 bytes has"},
      {replaced("U\x02u1", "U\x02i1"), "its data are not bytes, but NumPy's type i1"},
      {replaced("U\x02u1", "U\x02O8"), "elements of the type 'O8', and only numbers are read"},
      {replaced("M\x00\x0c"s, "M\x01\x0c"), "has 6144 bytes"},
      {replaced("_reconstruct", "_reconstruck"), "its pickle calls numpy.core.multiarray."},
      {replaced("U\x04"
                "data",
                "U\x04"
                "dada"),
       "it has no 'data'"},
      {"(dp0\nS'data'\np1\n",
       "it is a pickle of protocol 0, which writes arrays as text: load it in Python and save it "
       "with "
       "protocol 2 or later"},
      {pickle("]"), "it is a pickle of a list of 0, where a dict is expected"},
      {pickle(dict({{"data", "N"}})), "its data is None, where a NumPy array is expected"},
      {pickle(global("os", "system") + text("touch x") + "\x85R"), "calls os.system at byte"},
      {pickle(global("os", "system") + text("touch x") + "\x85R"),
       "which neither a checkpoint nor a data set needs; loading it in Python could run anything"},
  };
  for (const auto& [content, sentence] : cases) {
    CAPTURE(sentence);
    write_bytes(file, content);
    const std::string why = error_opening(file);
    CHECK_MESSAGE(holds(why, {"test_batch' is no batch of CIFAR-10's Python version: ", sentence,
                              "download it again"}),
                  why);
  }
  write_bytes(file, good);
  write_bytes(folder / "batches.meta", python_names("label_names", {"a", "b"}));
  CHECK(holds(error_opening(file), {"batches.meta", "names 2 classes, where 10 are needed"}));
  write_bytes(folder / "batches.meta", python_names("names", {"a", "b"}));
  CHECK(holds(error_opening(file), {"batches.meta", "it has no 'label_names', only 'names'"}));
  fs::create_directory(folder / "empty");
  CHECK(holds(error_opening(folder / "empty"), {"cifar-10-batches-bin or cifar-10-batches-py"}));
}

TEST_CASE("CIFAR-10's test half is the same in both versions" *
          doctest::test_suite("slow needs-data")) {
  const TemporaryFolder folder;
  if (!unpack_shared("cifar10", folder.path())) return;
  const auto binary = open_cifar(folder.path(), CifarVersion::kCifar10, CifarSplit::kTest);
  std::string all;
  for (const int pixel : read_all_bytes(*binary)) all += static_cast<char>(pixel);
  write_bytes(folder / "test_batch", python_batch("labels", labels_of(*binary), all));
  const auto python = open_cifar(folder / "test_batch", CifarVersion::kCifar10, CifarSplit::kTest);
  CHECK(python->size() == 10000);
  CHECK(labels_of(*python) == labels_of(*binary));
  CHECK(read_all(*python) == read_all(*binary));
}

}  // namespace odin::test
