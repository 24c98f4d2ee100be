#include "eval/data/arrays/svhn.h"

#include <algorithm>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "tests/eval/data/arrays/labelled_files.h"
#include "tests/eval/data/data_support.h"
#include "tests/support/error_of.h"
#include "tests/support/support.h"

namespace odin::test {
namespace {
namespace fs = std::filesystem;

struct SciPyFiles : LabelledFiles {
  SciPyFiles() : LabelledFiles("scipy_svhn.py", "labels") {}
};

std::string error_opening(const fs::path& file) {
  return error_of([&] { open_svhn(file); });
}

}  // namespace

TEST_CASE("SVHN: images and labels are those that SciPy wrote, compressed or not") {
  const SciPyFiles files;
  if (!files.made) return;
  for (const char* name : {"good_compressed", "good_plain", "good_double", "good_double_plain",
                           "good_row", "good_int64", "good_more"}) {
    CAPTURE(name);
    const auto dataset = open_svhn(files.folder / fmt::format("{}.mat", name));
    CHECK(dataset->name() == "SVHN");
    CHECK(dataset->num_classes() == 10);
    CHECK(read_all_bytes(*dataset) == files.pixels);
    CHECK(std::vector<int>(dataset->labels().begin(), dataset->labels().end()) == files.labels);
  }
  const auto one = open_svhn(files.folder / "one_image.mat");
  CHECK(one->size() == 1);
  CHECK(read_all_bytes(*one) ==
        std::vector<int>(files.pixels.begin(), files.pixels.begin() + 3072));
}

TEST_CASE("SVHN: what is wrong with a file is said in a sentence") {
  const SciPyFiles files;
  if (!files.made) return;
  const std::vector<std::pair<const char*, std::string>> cases{
      {"no_x", "it has no variable X, which holds the images"},
      {"no_y", "it has no variable y, which holds the labels"},
      {"float", "its images X are not of class uint8"},
      {"order", "its images X are 12 x 32 x 32 x 3, where 32 x 32 x 3 x N is expected"},
      {"size", "its images X are 31 x 32 x 3 x 12, where 32 x 32 x 3 x N is expected"},
      {"rank", "its images X are 32 x 32, where 32 x 32 x 3 x N is expected"},
      {"none", "it holds no images: X is 32 x 32 x 3 x 0"},
      {"fewer", "its labels y are 11 x 1, where 12 x 1 is expected, one for each image"},
      {"square", "its labels y are 3 x 4, where 12 x 1 is expected, one for each image"},
      {"eleven", "label 11 of image 3 is out of range: labels are 1 to 9, and 10 for the digit 0"},
      {"zero", "label 0 of image 10 is out of range: labels are 1 to 9, and 10 for the digit 0"},
      {"half", "label 2.5 of image 2 is out of range: labels are 1 to 9, and 10 for the digit 0"},
      {"nan", "label nan of image 2 is out of range: labels are 1 to 9, and 10 for the digit 0"},
      {"complex",
       "it holds a variable that is no array of real numbers, where only X and y are expected"},
      {"struct",
       "it holds a variable that is no array of real numbers, where only X and y are expected"},
      {"v4",
       "it is not a file of MATLAB's version 5 (it may be of version 4): save it with save(FILE, "
       "'X', 'y', '-v7')"}};
  for (const auto& [name, sentence] : cases) {
    const fs::path file = files.folder / fmt::format("bad_{}.mat", name);
    CHECK(error_opening(file) ==
          fmt::format("'{}' cannot be read as SVHN: {}", file.string(), sentence));
  }
}

TEST_CASE("SVHN: a file of another kind is told apart") {
  const TemporaryFolder folder;
  const fs::path file = folder / "x.mat";
  const auto error_of_bytes = [&](const std::string& content) {
    write_file(file, Bytes(content.begin(), content.end()));
    return error_opening(file);
  };
  CHECK(holds(error_of_bytes(""), {"x.mat", "it is empty"}));
  CHECK(holds(error_of_bytes(std::string("MATLAB 7.3 MAT-file") + std::string(600, '\0')),
              {"version 7.3 (HDF5)", "'-v7'"}));
  CHECK(holds(error_of_bytes(std::string("\x89HDF\r\n\x1a\n") + std::string(600, '\0')),
              {"version 7.3 (HDF5)", "'-v7'"}));
  CHECK(holds(error_of_bytes("MATLAB 5.0 MAT-file"), {"its header is damaged or cut"}));
  CHECK(holds(error_of_bytes("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n"),
              {"Git LFS pointer"}));
  std::string header = "MATLAB 5.0 MAT-file" + std::string(105, ' ') + std::string("\0\1IM", 4);
  CHECK(holds(error_of_bytes(header), {"it holds no variable"}));
  CHECK(holds(error_of_bytes(header + "abc"), {"it ends within a variable"}));
  CHECK(holds(error_of_bytes(header + std::string("\x09\0\0\0\0\0\0\0", 8)),
              {"an element of type 9 at byte 128"}));
  CHECK(holds(error_opening(folder / "none.mat"), {"none.mat"}));
  CHECK(error_opening(folder.path()) != kNoError);
}

TEST_CASE("SVHN: lengths that the library would take memory for are checked first") {
  const SciPyFiles files;
  if (!files.made) return;
  const fs::path file = files.folder / "long.mat";
  // In the first variable: the length of its dimensions, at 128 + 28, and of its name, after four
  // of them.
  for (const auto& [at, part] :
       {std::pair{156, "more than 8 dimensions"}, {178, "has a name of"}}) {
    Bytes bytes = read_file(files.folder / "good_plain.mat");
    bytes[static_cast<std::size_t>(at)] = 0x7f;
    write_file(file, bytes);
    CHECK(holds(error_opening(file), {"long.mat' cannot be read as SVHN: ", part}));
  }
}

TEST_CASE("SVHN: a truncated file is an error") {
  const SciPyFiles files;
  if (!files.made) return;
  const fs::path cut = files.folder / "cut.mat";
  for (const char* name : {"good_compressed", "good_plain"}) {
    const Bytes whole = read_file(files.folder / fmt::format("{}.mat", name));
    for (std::size_t i = 0; i < 60; ++i) {
      const std::size_t size = i < 30 ? whole.size() - 1 - i * 7 : whole.size() * (i - 30) / 30;
      CAPTURE(size);
      write_file(cut, Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
      CHECK(holds(error_opening(cut), {"cut.mat' cannot be read as SVHN: "}));
    }
  }
}

TEST_CASE("SVHN: a bit flipped in a compressed file ends in an error or in the right values") {
  const SciPyFiles files;
  if (!files.made) return;
  const Bytes whole = read_file(files.folder / "good_compressed.mat");
  const fs::path flipped = files.folder / "flipped.mat";
  int refused = 0;
  for (std::size_t i = 0; i < 120; ++i) {
    Bytes bytes = whole;
    // Those of the tags first, then some everywhere.
    const std::size_t bit = i < 60 ? (124 * 8 + i) : i * 7919 * 131 % (whole.size() * 8);
    CAPTURE(bit);
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    write_file(flipped, bytes);
    std::vector<int> pixels;
    std::vector<int> labels;
    const std::string error = error_of([&] {
      const auto dataset = open_svhn(flipped);
      pixels = read_all_bytes(*dataset);
      labels.assign(dataset->labels().begin(), dataset->labels().end());
    });
    refused += error == kNoError ? 0 : 1;
    if (error != kNoError) continue;
    CHECK(pixels == files.pixels);
    CHECK(labels == files.labels);
  }
  CHECK(refused > 110);  // a flip in the header's text, or past the checksum, changes nothing
}

TEST_CASE("SVHN: a bit flipped in the headers of a plain file does not crash or hang") {
  const SciPyFiles files;
  if (!files.made) return;
  const Bytes whole = read_file(files.folder / "good_plain.mat");
  const fs::path flipped = files.folder / "flipped.mat";
  for (std::size_t bit = 124 * 8; bit < 200 * 8; bit += 3) {
    Bytes bytes = whole;
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    write_file(flipped, bytes);
    CAPTURE(bit);
    std::size_t pixels = files.pixels.size();
    const std::string error =
        error_of([&] { pixels = read_all_bytes(*open_svhn(flipped)).size(); });
    CHECK(pixels == files.pixels.size());
    CHECK((error == kNoError || holds(error, {"flipped.mat' cannot be read as SVHN: "})));
  }
}

TEST_CASE("SVHN: a file is read to its end although another one takes its place") {
  const SciPyFiles files;
  if (!files.made) return;
  const fs::path file = files.folder / "changing.mat";
  const Bytes one = read_file(files.folder / "one_image.mat");
  write_file(file, one);
  // Two files take turns while others are read.
  const std::jthread other([&](const std::stop_token& stop) {
    const fs::path next = files.folder / "next.mat";
    const Bytes twelve = read_file(files.folder / "good_plain.mat");
    for (int turn = 0; !stop.stop_requested(); ++turn) {
      write_file(next, turn % 2 == 0 ? twelve : one);
      fs::rename(next, file);
    }
  });
  for (int trial = 0; trial < 100; ++trial) {
    CHECK(error_opening(file) == kNoError);
  }
}

}  // namespace odin::test
