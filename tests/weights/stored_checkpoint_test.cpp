// What the process that reads a checkpoint through HDF5 reports to the other one.
#include "weights/stored_checkpoint.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/error_of.h"
#include "tests/support/support.h"
#include "tests/weights/damaged_checkpoint.h"
#include "tests/weights/sample_checkpoint.h"
#include "tests/weights/sample_detector.h"
#include "weights/child_process.h"
#include "weights/chunk_codec.h"
#include "weights/read_arrays.h"

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

// Of no axis.
StoredEntry scalar() {
  StoredEntry entry;
  entry.name = "scalar";
  entry.array = StoredArray{.type = DataType::kFloat32, .shape = {}, .chunks = {}};
  return entry;
}

// With an array whose values are reported.
StoredEntry learnt(const char* name, DataType type, const Shape& shape) {
  StoredEntry entry;
  entry.name = std::string("detector.fit.") + name;
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

Checkpoint fitted() {
  Checkpoint description = test::small_densenet();
  description.detector = test::sample_detector();
  description.detector->training_images = 50000;
  description.detector->training_images_name = "CIFAR-10, training";
  description.detector->training_images_sha256 = std::string(64, 'a');
  return description;
}

struct Report {
  Checkpoint description = fitted();
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

std::vector<std::byte> bytes_of(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

StoredCheckpoint read(const std::string& report) {
  return StoredCheckpoint(bytes_of(report));
}

constexpr ChunkFilters kPlain{.shuffle = false, .deflate = false};
constexpr const char* kStart = "what the process that read it reports makes no sense: ";

TEST_CASE("a report is read as it was written") {
  Report report;
  report.description.source = std::string("\0\n\x80", 3);
  report.entries = {parameter(), learnt("mean", DataType::kFloat64, {2}), unusable(),
                    learnt("none", DataType::kFloat32, {0}), scalar()};
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
  report.entries = {parameter(), learnt("mean", DataType::kFloat32, {2})};
  report.values = "01234567";
  const std::string text = report.text();
  for (std::size_t size = 0; size < text.size(); ++size) {
    CAPTURE(size);
    CHECK(test::error_of([&] { read(text.substr(0, size)); }).starts_with(kStart));
  }
  CHECK(test::error_of([&] { read(text + "8"); }) ==
        kStart + std::string("it has bytes left over"));
}

TEST_CASE("a report of a damaged process is refused, or does no harm") {
  const test::TemporaryFolder folder;
  const std::vector<float> values(14, 1.5F);
  const Bytes chunk = encode_chunk(values);
  test::write_bytes(folder / "file", std::string(chunk.begin(), chunk.end()));
  const InputFile file(folder / "file");
  Report report;
  report.entries = {parameter(), learnt("mean", DataType::kFloat32, {2}), unusable()};
  for (StoredChunk& part : report.entries[0].array->chunks) {
    part = {.address = 0, .bytes = chunk.size(), .first = part.first, .values = 14};
  }
  report.values = "01234567";
  const std::string text = report.text();
  Checkpoint whole;
  read_arrays(StoredCheckpoint(bytes_of(text)), file, whole);
  CHECK(whole.parameters.at("fc.weight").values == std::vector<float>(21, 1.5F));

  int refused = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const int change : {0xff, 0x01}) {
      std::string changed = text;
      changed[at] = static_cast<char>(changed[at] ^ change);
      const std::string words = test::error_of([&] {
        const StoredCheckpoint stored(bytes_of(changed));
        Checkpoint checkpoint;
        read_arrays(stored, file, checkpoint);
      });
      if (words != test::kNoError) ++refused;
    }
  }
  CHECK(refused > std::ssize(text) / 2);  // a letter of a text may be any
}

TEST_CASE("what no file can hold is refused in a report") {
  const auto refused = [](const Report& report, const std::string& words) {
    CHECK(test::error_of([&] { read(report.text()); }) == kStart + words);
  };
  Report report;
  report.description.mean = {0.5F};
  refused(report, "it has 1 means and 3 deviations for images of 3 channels");

  report = {};
  report.entries = {unusable()};
  report.entries[0].problem.clear();
  refused(report, "an entry has no array and no problem, or both");
  report.entries = {parameter()};
  report.entries[0].problem = "is a soft link";
  refused(report, "an entry has no array and no problem, or both");
  report.entries = {parameter(), parameter()};
  refused(report, "it has two entries of one name");

  constexpr const char* kOther = "an array has a shape or a type that its reader refuses";
  report.entries = {parameter()};
  report.entries[0].array->type = DataType::kFloat64;
  refused(report, kOther);
  report.entries = {learnt("mean", DataType::kFloat64, {2, 2})};
  refused(report, kOther);

  report.entries = {learnt("mean", DataType::kFloat64, {(1 << 28) + 1})};
  refused(report, "has the extents 268435457, too many values for any network");
  report.entries = {learnt("mean", DataType::kFloat64, {std::int64_t{1} << 62, 0})};
  refused(report, "has the extents 4611686018427387904 x 0, too many values for any network");
  report.entries = {learnt("mean", DataType::kFloat32, {1 << 28}),
                    learnt("other", DataType::kFloat32, {(1 << 28) + 1})};
  for (StoredEntry& entry : report.entries) {
    const auto count = static_cast<std::size_t>(entry.array->shape.numel());
    for (std::size_t i = 0; i < 2; ++i) {
      entry.array->chunks.push_back(
          {.address = 0, .bytes = 1, .first = i << 27U, .values = std::size_t{1} << 27U});
    }
    if (count > std::size_t{1} << 28U)
      entry.array->chunks.push_back({.address = 0,
                                     .bytes = 1,
                                     .first = std::size_t{1} << 28U,
                                     .values = std::size_t{1} << 27U});
  }
  refused(report, "it has too many values for any network");
}

TEST_CASE("chunks of a report are equal parts of their array") {
  const auto error = [](const std::function<void(std::vector<StoredChunk>&)>& change) {
    Report report;
    report.entries = {parameter()};
    change(report.entries[0].array->chunks);
    return test::error_of([&] { read(report.text()); });
  };
  CHECK(error([](auto&) {}) == test::kNoError);
  CHECK(error([](auto& chunks) { chunks.pop_back(); }) ==
        std::string(kStart) + "has 1 chunks of 14 values where its extents need others");
  CHECK(error([](auto& chunks) { chunks.push_back(chunks.back()); }) ==
        std::string(kStart) + "has 3 chunks of 14 values where its extents need others");
  CHECK(error([](auto& chunks) { chunks[0].values = 0; }) ==
        std::string(kStart) + "has 2 chunks of 0 values where its extents need others");
  CHECK(error([](auto& chunks) {
          chunks.pop_back();
          chunks[0].values = std::size_t{1} << 40U;
        }) ==
        std::string(kStart) + "has 1 chunks of 1099511627776 values where its extents need others");
  CHECK(error([](auto& chunks) { chunks[1].first = 7; }) ==
        std::string(kStart) + "has a chunk of 14 values at value 7, where others are expected");
  CHECK(error([](auto& chunks) { chunks[1].values = 7; }) ==
        std::string(kStart) + "has a chunk of 7 values at value 14, where others are expected");
}

TEST_CASE("a file is read to its end although another one takes its place") {
  const test::TemporaryFolder folder;
  Checkpoint written = test::small_densenet();
  const auto write = [&](const char* name) {
    written.source = name;
    written.parameters.at("fc.bias").values[0] = static_cast<float>(*name);
    write_checkpoint(written, folder / name);
  };
  write("first");
  write("second");
  const InputFile file(folder / "first");
  std::filesystem::rename(folder / "second", folder / "first");
  for (const bool is_there : {true, false}) {
    if (!is_there) std::filesystem::remove(folder / "first");
    const StoredCheckpoint stored(file);
    Checkpoint read = stored.description();
    read_arrays(stored, file, read);
    CHECK(read.source == "first");
    CHECK(read.parameters.at("fc.bias").values[0] == static_cast<float>('f'));
  }
}

TEST_CASE("values that are stored in one piece are not part of the report") {
  const std::vector<float> bias = {1, -2, 0.5F};
  for (const bool checked : {false, true}) {
    CAPTURE(checked);
    const test::Damaged written([&](hid_t f) {
      const hid_t properties = checked ? test::chunks({3}) : H5P_DEFAULT;
      if (checked) H5Pset_fletcher32(properties);
      test::replace(f, "fc/bias", H5T_IEEE_F32LE, test::extents({3}), properties, bias.data());
    });
    const StoredCheckpoint stored(InputFile(written.path()));
    const auto entry = std::ranges::find(stored.entries(), "fc.bias", &StoredEntry::name);
    REQUIRE(entry != stored.entries().end());
    CHECK(has_reported_values(*entry) == checked);
    CHECK(entry->values.size() == (checked ? 12 : 0));
    CHECK(read_checkpoint(written.path()).parameters.at("fc.bias").values == bias);
  }
}

TEST_CASE("a plain chunk of another size than its values is refused") {
  const test::TemporaryFolder folder;
  test::write_bytes(folder / "file", std::string(100, 'x'));
  const InputFile file(folder / "file");
  std::vector<float> values(10);
  CHECK(test::error_of([&] {
          read_chunk(file, {.address = 0, .bytes = 44, .first = 0, .values = 10, .filters = kPlain},
                     std::span(values));
        }) == "a chunk of 40 bytes is stored in 44");
}

TEST_CASE("a chunk is read only where its file has room") {
  const test::TemporaryFolder folder;
  test::write_bytes(folder / "file", std::string(100, 'x'));
  const InputFile file(folder / "file");
  std::vector<float> values(10);
  for (const std::uint64_t address : {std::uint64_t{90}, ~std::uint64_t{0}}) {
    CHECK(test::error_of([&] {
            read_chunk(file, {.address = address, .bytes = 11, .first = 0, .values = 10},
                       std::span(values));
          }) == "a part of it is past the file's end");
  }
}

}  // namespace
}  // namespace odin
