// A report is the length of a description, the description as CBOR (RFC 8949), and values of arrays.
#include "weights/stored_checkpoint.h"

#include <cstdint>
#include <cstring>
#include <utility>
#include <variant>

#include <nlohmann/json.hpp>

#include "kernels/error.h"
#include "weights/checkpoint_rules.h"
#include "weights/hdf5_checkpoint.h"
#include "weights/hdf5_handle.h"

namespace odin {

using Json = nlohmann::json;

namespace {

constexpr const char* kUnusable = "what the process that read it reports makes no sense";

std::vector<std::uint64_t> extents_of(const Shape& shape) {
  std::vector<std::uint64_t> extents;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    extents.push_back(static_cast<std::uint64_t>(shape[axis]));
  }
  return extents;
}

std::vector<std::byte> read_in_child(const InputFile& input) {
  // Here, so that no thread is in the library when the child starts, which then is.
  const hdf5::Session session;
  try {
    return run_in_child([&](ResultWriter& writer) { hdf5::report_checkpoint(input, writer); });
  } catch (const ChildFailure& failure) {
    fail("it is damaged ({}, HDF5 {})", failure.what(), hdf5::library_version());
  }
}

}  // namespace

// The JSON library finds these by the types of their arguments.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(DenseNetConfig, depth, growth_rate, reduction, bottleneck,
                                   num_classes)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(WideResNetConfig, depth, widen_factor, num_classes)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ImageShape, channels, side)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(DetectorSettings, score, temperature, magnitude, threshold, tpr,
                                   tpr_low, tpr_high, images, images_name, images_sha256, fit,
                                   training_images, training_images_name, training_images_sha256,
                                   magnitudes, mean_scores)

void to_json(Json& json, const ChunkFilters& filters) {
  json = {filters.shuffle, filters.deflate};
}
void from_json(const Json& json, ChunkFilters& filters) {
  json.at(0).get_to(filters.shuffle);
  json.at(1).get_to(filters.deflate);
}

// Without names, since there may be thousands.
void to_json(Json& json, const StoredChunk& chunk) {
  json = {chunk.address, chunk.bytes, chunk.first, chunk.values, chunk.filters};
}
void from_json(const Json& json, StoredChunk& chunk) {
  json.at(0).get_to(chunk.address);
  json.at(1).get_to(chunk.bytes);
  json.at(2).get_to(chunk.first);
  json.at(3).get_to(chunk.values);
  json.at(4).get_to(chunk.filters);
}

namespace {

Json json_of(const Architecture& architecture) {
  const bool is_dense = std::holds_alternative<DenseNetConfig>(architecture.family);
  return {{is_dense ? kDenseNetFamily : kWideResNetFamily,
           std::visit([](const auto& config) { return Json(config); }, architecture.family)},
          {"image", architecture.image}};
}

Architecture architecture_of(const Json& json) {
  const auto image = json.at("image").get<ImageShape>();
  if (json.contains(kDenseNetFamily)) {
    return {json.at(kDenseNetFamily).get<DenseNetConfig>(), image};
  }
  return {json.at(kWideResNetFamily).get<WideResNetConfig>(), image};
}

Json json_of(const Checkpoint& description) {
  return {{"architecture", json_of(description.architecture)},
          {"class_names", description.class_names},
          {"mean", description.mean},
          {"std", description.std},
          {"in_dataset", description.in_dataset},
          {"source", description.source},
          {"detector", description.detector ? Json(*description.detector) : Json()}};
}

Checkpoint checkpoint_of(const Json& json) {
  Checkpoint checkpoint;
  checkpoint.architecture = architecture_of(json.at("architecture"));
  json.at("class_names").get_to(checkpoint.class_names);
  json.at("mean").get_to(checkpoint.mean);
  json.at("std").get_to(checkpoint.std);
  json.at("in_dataset").get_to(checkpoint.in_dataset);
  json.at("source").get_to(checkpoint.source);
  const Json& detector = json.at("detector");
  if (!detector.is_null()) checkpoint.detector = detector.get<DetectorSettings>();
  check_description(checkpoint);
  return checkpoint;
}

Json json_of(const StoredArray& array) {
  return {{"is_double", array.type == DataType::kFloat64},
          {"extents", extents_of(array.shape)},
          {"chunks", array.chunks}};
}

StoredArray array_of(const Json& json) {
  StoredArray array;
  if (json.at("is_double").get<bool>()) array.type = DataType::kFloat64;
  array.shape = shape_of(json.at("extents").get<std::vector<std::uint64_t>>(), array.type);
  json.at("chunks").get_to(array.chunks);
  return array;
}

Json json_of(const StoredEntry& entry) {
  return {{"name", entry.name},
          {"problem", entry.problem},
          {"is_of_fit", entry.is_of_fit},
          {"array", entry.array ? json_of(*entry.array) : Json()}};
}

StoredEntry entry_of(const Json& json) {
  StoredEntry entry;
  json.at("name").get_to(entry.name);
  json.at("problem").get_to(entry.problem);
  json.at("is_of_fit").get_to(entry.is_of_fit);
  const Json& array = json.at("array");
  if (!array.is_null()) entry.array = array_of(array);
  require(entry.array.has_value() == entry.problem.empty(), "an entry has no array and no problem");
  require(!entry.array || entry.is_of_fit || entry.array->type == DataType::kFloat32,
          "a parameter has 64-bit floats");
  return entry;
}

// Takes the next bytes off the front of others.
std::span<const std::byte> take(std::span<const std::byte>& from, std::uint64_t count) {
  require(count <= from.size(), "it is cut short");
  const auto taken = from.first(static_cast<std::size_t>(count));
  from = from.subspan(taken.size());
  return taken;
}

}  // namespace

StoredCheckpoint::StoredCheckpoint(const InputFile& input)
    : StoredCheckpoint(read_in_child(input)) {}

StoredCheckpoint::StoredCheckpoint(std::vector<std::byte> report) : report_(std::move(report)) {
  std::span<const std::byte> rest = report_;
  try {
    std::uint64_t length = 0;
    std::memcpy(&length, take(rest, sizeof length).data(), sizeof length);
    const auto text = take(rest, length);
    const Json json = Json::from_cbor(text.begin(), text.end());
    description_ = checkpoint_of(json.at("description"));
    std::uint64_t words = 0;
    for (const Json& one : json.at("entries")) {
      StoredEntry& entry = entries_.emplace_back(entry_of(one));
      if (!entry.array) continue;
      words += words_of(*entry.array);
      require(words <= kMostStoredWords, "it has too many values for any network");
      if (entry.array->chunks.empty()) entry.values = take(rest, 4 * words_of(*entry.array));
    }
    json.at("strays").get_to(strays_);
    require(rest.empty(), "it has bytes left over");
  } catch (const Error& error) {
    fail("{}: {}", kUnusable, error.what());
  } catch (const Json::exception& error) {
    fail("{}: {}", kUnusable, error.what());
  }
}

void write_stored(const Checkpoint& description, std::span<const StoredEntry> entries,
                  std::span<const std::string> strays, ResultWriter& writer) {
  Json json = {{"description", json_of(description)},
               {"entries", Json::array()},
               {"strays", std::vector<std::string>(strays.begin(), strays.end())}};
  for (const StoredEntry& entry : entries) json["entries"].push_back(json_of(entry));
  const std::vector<std::uint8_t> text = Json::to_cbor(json);
  const std::uint64_t length = text.size();
  writer.write(std::as_bytes(std::span(&length, 1)));
  writer.write(std::as_bytes(std::span(text)));
}

}  // namespace odin
