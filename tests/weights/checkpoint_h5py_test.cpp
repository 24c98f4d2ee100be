// h5py reads what we write, and we read what it writes.
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "kernels/error.h"
#include "tests/support/error_of.h"
#include "tests/support/support.h"
#include "tests/weights/sample_checkpoint.h"
#include "weights/checkpoint.h"

namespace odin {
namespace {
namespace fs = std::filesystem;

bool has_h5py() {
  if (test::run_program(std::string(ODIN_PYTHON) + " -c 'import h5py'").exit_status == 0)
    return true;
  test::skip(std::string(ODIN_PYTHON) + " has no h5py (Debian: python3-h5py)");
  return false;
}

void run_script(const std::string& arguments) {
  const auto result = test::run_program(fmt::format("{} '{}/tests/weights/h5py_checkpoint.py' {}",
                                                    ODIN_PYTHON, ODIN_SOURCE_DIR, arguments));
  REQUIRE_MESSAGE(result.exit_status == 0, result.errors);
}

Checkpoint checkpoint(int widen_factor) {
  Checkpoint sample = test::sample_checkpoint(WideResNetConfig{10, widen_factor, 3});
  sample.source = "fait \xc3\xa0 la main";
  return sample;
}

// A checkpoint as h5py writes it if nothing is asked for: without chunks, in a format of HDF5
// without checksums.
fs::path rewritten_plain(const test::TemporaryFolder& folder) {
  fs::path file = folder / "new.h5";
  write_checkpoint(checkpoint(1), folder / "net.h5");
  run_script(fmt::format("rewrite '{}' '{}' plain", (folder / "net.h5").string(), file.string()));
  return file;
}

TEST_CASE("h5py reads every attribute and value") {
  if (!has_h5py()) return;
  const test::TemporaryFolder folder;
  const Checkpoint written = checkpoint(4);  // large enough for padded chunks
  write_checkpoint(written, folder / "net.h5");
  run_script(
      fmt::format("check '{}' '{}'", (folder / "net.h5").string(), (folder / "values").string()));
  std::string values;
  for (const auto& [name, array] : written.parameters) {
    values.append(reinterpret_cast<const char*>(array.values.data()), 4 * array.values.size());
  }
  CHECK(values == test::content_of(folder / "values"));
}

TEST_CASE("what h5py writes is read, however it is stored") {
  if (!has_h5py()) return;
  const test::TemporaryFolder folder;
  const Checkpoint written = checkpoint(1);
  write_checkpoint(written, folder / "net.h5");
  for (const char* style :
       {"plain", "new", "old", "checked", "growing", "rows", "rows-gzip", "shifted"}) {
    CAPTURE(style);
    run_script(fmt::format("rewrite '{}' '{}' {}", (folder / "net.h5").string(),
                           (folder / "new.h5").string(), style));
    CHECK(test::same(read_checkpoint(folder / "new.h5"), written));
  }
}

TEST_CASE("the truth values of NumPy and empty lists of names are read") {
  if (!has_h5py()) return;
  const test::TemporaryFolder folder;
  Checkpoint written = test::sample_checkpoint(DenseNetConfig{7, 3, 1, false, 2});
  written.class_names.clear();
  write_checkpoint(written, folder / "net.h5");
  for (const char* style : {"plain", "old"}) {
    run_script(fmt::format("rewrite '{}' '{}' {}", (folder / "net.h5").string(),
                           (folder / "new.h5").string(), style));
    CHECK(test::same(read_checkpoint(folder / "new.h5"), written));
  }
}

TEST_CASE("a heap of texts on which HDF5 1.10 crashes is called damaged") {
  if (!has_h5py()) return;
  const test::TemporaryFolder folder;
  const fs::path file = rewritten_plain(folder);
  const std::string bytes = test::content_of(file);
  // The first text in a collection of a global heap ("HDF5 File Format Specification", III.E): its
  // length is the eight bytes after its index, count and padding. HDF5 copies that much.
  const std::size_t length = bytes.find("GCOL") + 16 + 8;
  for (const std::uint64_t wrong :
       {std::uint64_t{0x10000}, std::uint64_t{1} << 31, ~std::uint64_t{0}}) {
    std::string damaged = bytes;
    for (unsigned i = 0; i < 8; ++i) damaged[length + i] = static_cast<char>(wrong >> 8 * i);
    test::write_bytes(file, damaged);
    CHECK_THROWS_WITH_AS(read_checkpoint(file),
                         doctest::Contains("cannot be used as a checkpoint: it"), Error);
    CHECK_THROWS_WITH_AS(inspect_checkpoint(file),
                         doctest::Contains("cannot be used as a checkpoint: it"), Error);
  }
}

TEST_CASE("two entries of one name are refused") {
  if (!has_h5py()) return;
  const test::TemporaryFolder folder;
  const fs::path file = rewritten_plain(folder);
  std::string bytes = test::content_of(file);
  const std::string_view name = "block2";
  const std::size_t at = bytes.find(name);
  REQUIRE(at != std::string::npos);
  CHECK(bytes.find(name, at + 1) == std::string::npos);
  bytes[at + name.size() - 1] = '1';
  test::write_bytes(file, bytes);
  CHECK(test::error_of(inspect_checkpoint, file) ==
        file.string() +
            " cannot be used as a checkpoint: its group / is damaged: it has two entries of one "
            "name");
}

#if !defined(__SANITIZE_ADDRESS__)  // which reserves all the memory that it may use when it starts
TEST_CASE(
    "an attribute that claims to be a text of two gigabytes is refused, and they are not claimed") {
  if (!has_h5py()) return;
  const test::TemporaryFolder folder;
  const fs::path file = rewritten_plain(folder);
  std::string bytes = test::content_of(file);
  // A text of variable length is stored as its length (4 bytes), the address of its heap (8) and
  // its index there (4).
  const std::uint64_t heap = bytes.find("GCOL");
  std::string text(4 + 8, '\0');
  text[0] = static_cast<char>(std::string_view("wide_resnet").size());
  for (unsigned i = 0; i < 8; ++i) text[4 + i] = static_cast<char>(heap >> 8 * i);
  const std::size_t at = bytes.find(text);
  REQUIRE(at != std::string::npos);
  bytes[at + 3] = 0x7f;
  test::write_bytes(file, bytes);
  CHECK_THROWS_WITH_AS(read_checkpoint(file),
                       doctest::Contains("its attribute architecture cannot be read"), Error);
}
#endif

TEST_CASE("h5py's own compression is refused by its name") {
  if (!has_h5py()) return;
  const test::TemporaryFolder folder;
  write_checkpoint(checkpoint(1), folder / "net.h5");
  run_script(fmt::format("rewrite '{}' '{}' lzf", (folder / "net.h5").string(),
                         (folder / "new.h5").string()));
  const std::string sentence = test::error_of(read_checkpoint, folder / "new.h5");
  CHECK(sentence.find("conv1.weight is stored with the filter 32000 (lzf) where gzip, shuffle, "
                      "fletcher32 or none is expected") != std::string::npos);
}

}  // namespace
}  // namespace odin
