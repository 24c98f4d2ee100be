// What the process that reads a checkpoint through HDF5 reports to the other one.
#include "weights/stored_checkpoint.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/error_of.h"
#include "tests/support/support.h"
#include "tests/weights/sample_checkpoint.h"
#include "tests/weights/sample_detector.h"

namespace odin {
namespace {

StoredEntry parameter() {
  StoredEntry entry;
  entry.name = "fc.weight";
  entry.array = StoredArray{
      .type = DataType::kFloat32,
      .shape = {3, 7, 1, 1},
      .chunks = {{.address = std::uint64_t{1} << 63, .bytes = 17, .first = 0, .values = 14},
                 {.address = 5,
                  .bytes = 9,
                  .first = 14,
                  .values = 14,
                  .filters = {.shuffle = false, .deflate = true}}}};
  return entry;
}

// With an array whose values are reported.
StoredEntry learnt(DataType type, const Shape& shape) {
  StoredEntry entry;
  entry.name = "detector.fit.mean";
  entry.is_of_fit = true;
  entry.array = StoredArray{.type = type, .shape = shape, .chunks = {}};
  return entry;
}

StoredEntry unusable() {
  StoredEntry entry;
  entry.name = "caf\xc3\xa9\xff";  // no UTF-8
  entry.problem = "holds text where 32-bit floats are expected";
  return entry;
}

struct Report {
  Checkpoint description = test::small_densenet();
  std::vector<StoredEntry> entries;
  std::vector<std::string> strays;
  std::string values;

  std::string text() const {
    const std::vector<std::byte> result = run_in_child([&](ResultWriter& writer) {
      write_stored(description, entries, strays, writer);
      writer.write(std::as_bytes(std::span(values)));
    });
    return {reinterpret_cast<const char*>(result.data()), result.size()};
  }
};

StoredCheckpoint read(const std::string& report) {
  return StoredCheckpoint(
      run_in_child([&](ResultWriter& writer) { writer.write(std::as_bytes(std::span(report))); }));
}

std::string error(const Report& report) {
  return test::error_of([&] { read(report.text()); });
}

constexpr const char* kStart = "what the process that read it reports makes no sense: ";

TEST_CASE("a report is read as it was written") {
  Report report;
  report.description.detector = test::sample_detector();
  report.description.detector->training_images = 50000;
  report.description.detector->training_images_name = "CIFAR-10, training";
  report.description.detector->training_images_sha256 = std::string(64, 'a');
  report.description.source = std::string("\0\n\x80", 3);
  report.entries = {parameter(), learnt(DataType::kFloat64, {2}), unusable(),
                    learnt(DataType::kFloat32, {0}), learnt(DataType::kFloat32, {})};
  report.strays = {"block1 is a soft or external link, which is not followed"};
  report.values = std::string(16, 'd') + std::string(4, 'f');
  const StoredCheckpoint stored = read(report.text());

  CHECK(stored.description().detector == report.description.detector);
  Checkpoint expected = report.description;
  expected.parameters.clear();
  CHECK(test::same(stored.description(), expected));
  CHECK(stored.strays() == report.strays);
  REQUIRE(stored.entries().size() == 5);
  for (std::size_t i = 0; i < 5; ++i) {
    const StoredEntry& is = stored.entries()[i];
    const StoredEntry& was = report.entries[i];
    CHECK(is.name == was.name);
    CHECK(is.problem == was.problem);
    CHECK(is.is_of_fit == was.is_of_fit);
    REQUIRE(is.array.has_value() == was.array.has_value());
    if (!is.array) continue;
    CHECK(is.array->type == was.array->type);
    CHECK(is.array->shape == was.array->shape);
    REQUIRE(is.array->chunks.size() == was.array->chunks.size());
    for (std::size_t c = 0; c < is.array->chunks.size(); ++c) {
      const StoredChunk& chunk = is.array->chunks[c];
      const StoredChunk& other = was.array->chunks[c];
      CHECK(chunk.address == other.address);
      CHECK(chunk.bytes == other.bytes);
      CHECK(chunk.first == other.first);
      CHECK(chunk.values == other.values);
      CHECK(chunk.filters.shuffle == other.filters.shuffle);
      CHECK(chunk.filters.deflate == other.filters.deflate);
    }
  }
  const auto values_of = [&](std::size_t i) {
    const auto values = stored.entries()[i].values;
    return std::string(reinterpret_cast<const char*>(values.data()), values.size());
  };
  CHECK(values_of(0).empty());
  CHECK(values_of(1) == std::string(16, 'd'));
  CHECK(values_of(2).empty());
  CHECK(values_of(3).empty());
  CHECK(values_of(4) == std::string(4, 'f'));
}

TEST_CASE("a report of the other family is read, and its images") {
  Report report;
  report.description =
      test::sample_checkpoint({WideResNetConfig{.depth = 10, .widen_factor = 2, .num_classes = 5},
                               ImageShape{.channels = 1, .side = 28}});
  const StoredCheckpoint stored = read(report.text());
  CHECK(stored.description().architecture == report.description.architecture);
  CHECK(stored.entries().empty());
}

TEST_CASE("a report that is cut short anywhere, or too long, is refused") {
  Report report;
  report.entries = {parameter(), learnt(DataType::kFloat32, {2})};
  report.values = "01234567";
  const std::string text = report.text();
  for (std::size_t size = 0; size < text.size(); ++size) {
    CAPTURE(size);
    CHECK(test::error_of([&] { read(text.substr(0, size)); }).starts_with(kStart));
  }
  CHECK(test::error_of([&] { read(text + "8"); }) ==
        kStart + std::string("it has bytes left over"));
}

TEST_CASE("a report of a damaged process is refused or makes sense") {
  Report report;
  report.description.detector = test::sample_detector();
  report.entries = {parameter(), learnt(DataType::kFloat32, {2}), unusable()};
  report.values = "01234567";
  const std::string text = report.text();
  int refused = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string changed = text;
    changed[at] = static_cast<char>(changed[at] ^ 0xff);
    const std::string words = test::error_of([&] { read(changed); });
    if (words == test::kNoError) continue;
    CHECK(words.starts_with(kStart));
    ++refused;
  }
  CHECK(refused >
        std::ssize(text) / 2);  // names of fields, kinds, lengths; a letter of a text may be any
}

TEST_CASE("what no file can hold is refused in a report") {
  Report report;
  report.description.mean = {0.5F};
  CHECK(error(report) ==
        kStart + std::string("it has 1 means and 3 deviations for images of 3 channels"));

  report = {};
  report.entries = {parameter()};
  report.entries[0].array->type = DataType::kFloat64;
  CHECK(error(report) == kStart + std::string("a parameter has 64-bit floats"));

  report.entries = {unusable()};
  report.entries[0].problem.clear();
  CHECK(error(report) == kStart + std::string("an entry has no array and no problem"));

  report.entries = {learnt(DataType::kFloat64, {(1 << 28) + 1})};
  CHECK(error(report) ==
        kStart + std::string("has the extents 268435457, too many values for any network"));
  report.entries = {parameter(), parameter()};
  for (StoredEntry& entry : report.entries) entry.array->shape = {(1 << 28) + 1};
  CHECK(error(report) == kStart + std::string("it has too many values for any network"));
}

TEST_CASE("a chunk is read only where its array and its file have room") {
  const test::TemporaryFolder folder;
  test::write_bytes(folder / "file", std::string(100, 'x'));
  const InputFile file(folder / "file");
  std::vector<float> values(10);
  const auto read_at = [&](const StoredChunk& chunk) {
    return test::error_of([&] { read_chunk(file, chunk, std::span(values)); });
  };
  CHECK(read_at({.address = 90, .bytes = 11, .first = 0, .values = 1}) ==
        "a part of it is past the file's end");
  CHECK(read_at({.address = ~std::uint64_t{0}, .bytes = 2, .first = 0, .values = 1}) ==
        "a part of it is past the file's end");
  CHECK(read_at({.address = 0, .bytes = 4, .first = 11, .values = 1}) ==
        "a part of it is past its end");
  CHECK(read_at({.address = 0, .bytes = 4, .first = 0, .values = ~std::size_t{0}}) ==
        "a part of it is past its end");
}

}  // namespace
}  // namespace odin
