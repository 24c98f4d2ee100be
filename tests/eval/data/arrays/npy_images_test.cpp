#include "eval/data/arrays/npy_images.h"

#include <string>
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

struct NumpyFiles : LabelledFiles {
  NumpyFiles() : LabelledFiles("numpy_arrays.py", "classes") {}
};

std::vector<int> labels_of(const Dataset& dataset) {
  return {dataset.labels().begin(), dataset.labels().end()};
}

std::string error_opening(const fs::path& file, int severity = 0) {
  return error_of([&] { open_npy_images(file, severity); });
}

// A .npy file of version 1 with that header, and zeros.
Bytes npy(const std::string& header, std::size_t zeros) {
  std::string text = "\x93NUMPY";
  text += std::string("\1\0", 2);
  text += static_cast<char>(header.size() & 0xff);
  text += static_cast<char>(header.size() >> 8);
  text += header;
  Bytes bytes(text.begin(), text.end());
  bytes.resize(bytes.size() + zeros);
  return bytes;
}

}  // namespace

TEST_CASE("npy: images and labels are those that NumPy wrote, in every version of the format") {
  const NumpyFiles files;
  if (!files.made) return;
  for (const char* name : {"fog", "version_2", "version_3"}) {
    CAPTURE(name);
    const auto dataset = open_npy_images(files.folder / fmt::format("{}.npy", name), 0);
    CHECK(dataset->name() == name);
    CHECK(dataset->num_classes() == 10);
    CHECK(read_all_bytes(*dataset) == files.pixels);
    CHECK(labels_of(*dataset) == files.labels);
    CHECK(dataset->notes().empty());
  }
  for (const char* type : {"uint8", "int32", "i8", "u2"}) {
    CAPTURE(type);
    CHECK(labels_of(*open_npy_images(files.folder / fmt::format("labels_{}", type) / "fog.npy",
                                     0)) == files.labels);
  }
}

TEST_CASE("npy: a severity is a fifth of the rows, with their labels") {
  const NumpyFiles files;
  if (!files.made) return;
  for (int severity = 1; severity <= 5; ++severity) {
    CAPTURE(severity);
    const auto dataset = open_npy_images(files.folder / "fog.npy", severity);
    CHECK(dataset->name() == fmt::format("fog, severity {}", severity));
    CHECK(dataset->size() == 2);
    CHECK(dataset->num_classes() == 10);
    const auto at = files.pixels.begin() + (severity - 1) * 2 * kImageElements;
    CHECK(read_all_bytes(*dataset) == std::vector<int>(at, at + 2 * kImageElements));
    const auto label = files.labels.begin() + (severity - 1) * 2;
    CHECK(labels_of(*dataset) == std::vector<int>(label, label + 2));
  }
  CHECK(holds(error_opening(files.folder / "seven.npy", 2),
              {"seven.npy' holds 7 images, which are not 5 severities", "leave out #2"}));
}

TEST_CASE("npy: labels that do not fit are not used, and a note says so") {
  const NumpyFiles files;
  if (!files.made) return;
  for (const char* name : {"labels_fewer", "labels_float64"}) {
    CAPTURE(name);
    const auto dataset = open_npy_images(files.folder / name / "fog.npy", 3);
    CHECK(!dataset->labelled());
    CHECK(dataset->size() == 2);
    REQUIRE(dataset->notes().size() == 1);
    CHECK(holds(dataset->notes()[0], {"labels.npy next to it is not used", "each of 10 images"}));
  }
  CHECK(holds(error_opening(files.folder / "labels_negative/fog.npy"),
              {"labels.npy' has the label -1 at 4"}));
  write_file(files.folder / "labels.npy", {'x'});
  CHECK(holds(error_opening(files.folder / "fog.npy"),
              {"labels.npy' cannot be read as an array of labels", "not a file of numpy.save()"}));
}

TEST_CASE("npy: what is wrong with a file is said in a sentence") {
  const NumpyFiles files;
  if (!files.made) return;
  const std::vector<std::pair<const char*, std::string>> cases{
      {"float.npy", "holds the type f8 in the shape (10, 32, 32, 3), where images of bytes"},
      {"planes.npy", "holds the type u1 in the shape (10, 3, 32, 32), where images of bytes"},
      {"rank.npy", "holds the type u1 in the shape (32, 32, 3), where images of bytes"},
      {"columns.npy", "is stored by columns: save numpy.ascontiguousarray(images)"},
      {"none.npy", "holds no images"},
      {"records.npy", "it holds records, where numbers are expected"},
      {"objects.npy", "it holds elements of NumPy's type '|O', where numbers are expected"},
      {"archive.npy.npz", "it is an archive, such as .npz: save one array with numpy.save()"}};
  for (const auto& [name, sentence] : cases) {
    const std::string error = error_opening(files.folder / fmt::format("bad_{}", name));
    CHECK_MESSAGE(holds(error, {name, sentence}), error);
  }
}

TEST_CASE("npy: a header is checked against the length of the file before memory is taken") {
  const TemporaryFolder folder;
  const fs::path file = folder / "x.npy";
  const auto error_of_file = [&](const Bytes& bytes) {
    write_file(file, bytes);
    return error_opening(file);
  };
  const auto header = [](const std::string& shape) {
    return "{'descr': '|u1', 'fortran_order': False, 'shape': (" + shape + "), }\n";
  };
  CHECK(error_of_file(npy(header("1, 32, 32, 3"), 3072)) == kNoError);
  CHECK(error_of_file(npy("{\"shape\":(1L,32L,32L,3L),\"fortran_order\":False,\"descr\":\"<u1\"}",
                          3072)) == kNoError);
  CHECK(holds(error_of_file(npy(header("1, 32, 32, 3"), 3071)),
              {"it holds 1 x 32 x 32 x 3 numbers of 1 bytes, but 3071 bytes follow"}));
  CHECK(holds(error_of_file(npy(header("1, 32, 32, 3"), 3073)), {"but 3073 bytes follow"}));
  CHECK(holds(error_of_file(npy(header("4000000000, 32, 32, 3"), 3072)), {"download it again"}));
  for (const char* shape : {"9223372036854775807, 32, 32, 3", "99999999999999999999, 32, 32, 3",
                            "-1, 32, 32, 3", "x", "1, 32, 32, 3", "1 32"}) {
    const std::string cut = header(shape).substr(0, header(shape).size() - 3);
    CHECK(holds(error_of_file(npy(cut, 3072)), {"its header is damaged"}));
  }
  CHECK(holds(error_of_file(npy("", 3072)), {"its header is damaged"}));
  CHECK(holds(error_of_file(npy("{}", 3072)), {"its header is damaged"}));
  CHECK(holds(error_of_file(npy(header("1, 32, 32, 3") + "x", 3072)), {"its header is damaged"}));
  CHECK(holds(error_of_file({}), {"it is empty"}));
  CHECK(holds(error_of_file(Bytes(100, 'x')), {"it is not a file of numpy.save()"}));
  const Bytes whole = npy(header("1, 32, 32, 3"), 3072);
  for (std::size_t size = 0; size < 100; ++size) {
    CAPTURE(size);
    CHECK(holds(error_of_file(Bytes(whole.begin(), whole.begin() + static_cast<long>(size))),
                {"x.npy' cannot be read as an array of images: "}));
  }
  Bytes version = whole;
  version[6] = 4;
  CHECK(holds(error_of_file(version), {"it is of version 4 of the format, and 1 to 3 are read"}));
  // A bit flipped in the header: an error, or one image.
  for (std::size_t bit = 0; bit < 90 * 8; ++bit) {
    Bytes bytes = whole;
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    CAPTURE(bit);
    write_file(file, bytes);
    std::size_t pixels = 3072;
    const std::string error =
        error_of([&] { pixels = read_all(*open_npy_images(file, 0)).size(); });
    CHECK(pixels == 3072);
    CHECK((error == kNoError || holds(error, {"x.npy'"})));
  }
}

}  // namespace odin::test
