// A report is the length of a description, the description (weights/packed.h), and values of
// arrays.
#include "weights/stored_checkpoint.h"

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "kernels/error.h"
#include "weights/checkpoint_rules.h"
#include "weights/child_process.h"
#include "weights/files/printable.h"
#include "weights/hdf5_checkpoint.h"
#include "weights/hdf5_handle.h"
#include "weights/packed.h"

namespace odin {

template <class Archive, MaybeConst<DenseNetConfig> T>
void each_field(Archive& archive, T& config) {
  archive(config.depth, config.growth_rate, config.reduction, config.bottleneck,
          config.num_classes);
}

template <class Archive, MaybeConst<WideResNetConfig> T>
void each_field(Archive& archive, T& config) {
  archive(config.depth, config.widen_factor, config.num_classes);
}

template <class Archive, MaybeConst<DetectorSettings> T>
void each_field(Archive& archive, T& s) {
  archive(s.score, s.temperature, s.magnitude, s.threshold, s.tpr, s.tpr_low, s.tpr_high, s.images,
          s.images_name, s.images_sha256, s.fit, s.training_images, s.training_images_name,
          s.training_images_sha256, s.magnitudes, s.mean_scores);
}

template <class Archive, MaybeConst<StoredChunk> T>
void each_field(Archive& archive, T& chunk) {
  archive(chunk.address, chunk.bytes, chunk.first, chunk.values, chunk.filters.shuffle,
          chunk.filters.deflate);
}

namespace {

constexpr const char* kUnusable = "what the process that read it reports makes no sense";

// Of a description: names of the most entries that there may be, and their chunks.
constexpr std::size_t kMostDescription = std::size_t{1} << 26;

void pack(Packer& packer, const Architecture& architecture) {
  const auto* const dense = std::get_if<DenseNetConfig>(&architecture.family);
  packer(dense != nullptr);
  std::visit([&](const auto& config) { packer(config); }, architecture.family);
  packer(architecture.image.channels, architecture.image.side);
}

Architecture unpack_architecture(Unpacker& unpacker) {
  Architecture architecture;
  bool is_dense = true;
  unpacker(is_dense);
  if (!is_dense) architecture.family = WideResNetConfig{};
  std::visit([&](auto& config) { unpacker(config); }, architecture.family);
  unpacker(architecture.image.channels, architecture.image.side);
  return architecture;
}

void pack(Packer& packer, const Checkpoint& description) {
  pack(packer, description.architecture);
  packer(description.class_names, description.mean, description.std, description.in_dataset,
         description.source, description.detector.has_value());
  if (description.detector) packer(*description.detector);
}

Checkpoint unpack_description(Unpacker& unpacker) {
  Checkpoint checkpoint;
  checkpoint.architecture = unpack_architecture(unpacker);
  bool has_detector = false;
  unpacker(checkpoint.class_names, checkpoint.mean, checkpoint.std, checkpoint.in_dataset,
           checkpoint.source, has_detector);
  if (has_detector) unpacker(checkpoint.detector.emplace());
  check_description(checkpoint);
  return checkpoint;
}

void pack(Packer& packer, const StoredArray& array) {
  std::vector<std::uint64_t> extents;
  for (int axis = 0; axis < array.shape.rank(); ++axis) {
    extents.push_back(static_cast<std::uint64_t>(array.shape[axis]));
  }
  packer(array.type == DataType::kFloat64, extents, array.chunks);
}

StoredArray unpack_array(Unpacker& unpacker) {
  StoredArray array;
  bool is_double = false;
  std::vector<std::uint64_t> extents;
  unpacker(is_double, extents, array.chunks);
  if (is_double) array.type = DataType::kFloat64;
  array.shape = shape_of(extents, array.type);
  check_chunks(array);
  return array;
}

StoredEntry unpack_entry(Unpacker& unpacker, bool may_be_of_fit) {
  StoredEntry entry;
  bool has_array = false;
  unpacker(entry.name, entry.problem, has_array);
  entry.problem = printable(entry.problem, std::string::npos, Characters::kUtf8);
  entry.is_of_fit = may_be_of_fit && is_name_of_fit(entry.name);
  require(has_array == entry.problem.empty(), "an entry has no array and no problem, or both");
  if (!has_array) return entry;
  entry.array = unpack_array(unpacker);
  require(
      entry.is_of_fit ? entry.array->shape.rank() == 1 : entry.array->type == DataType::kFloat32,
      "an array has a shape or a type that its reader refuses");
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

bool has_fit(const Checkpoint& description) {
  return description.detector && description.detector->training_images > 0;
}

bool is_name_of_fit(std::string_view name) {
  return name.starts_with(kDetectorFitPrefix);
}

std::vector<std::byte> report_of(const InputFile& input) {
  // Here, so that no other thread is in the library when the child starts.
  const hdf5::Session session;
  ChildLimits limits;
  limits.result_bytes = 4 * kMostStoredWords + kMostDescription;
  try {
    return run_in_child([&](ResultWriter& writer) { hdf5::report_checkpoint(input, writer); },
                        limits);
  } catch (const ChildFailure& failure) {
    fail("it is damaged ({}, HDF5 {})", failure.what(), hdf5::library_version());
  }
}

StoredCheckpoint::StoredCheckpoint(const InputFile& input) : StoredCheckpoint(report_of(input)) {}

StoredCheckpoint::StoredCheckpoint(std::vector<std::byte> report) : report_(std::move(report)) {
  std::span<const std::byte> rest = report_;
  try {
    std::uint64_t length = 0;
    Unpacker(take(rest, sizeof length))(length);
    require(length <= kMostDescription, "it is too long");
    Unpacker unpacker(take(rest, length));
    description_ = unpack_description(unpacker);
    std::uint64_t count = 0;
    unpacker(count);
    std::set<std::string> names;
    std::uint64_t words = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      StoredEntry& entry = entries_.emplace_back(unpack_entry(unpacker, has_fit(description_)));
      require(names.insert(entry.name).second, "it has two entries of one name");
      if (!entry.array) continue;
      words += words_of(*entry.array);
      require(words <= kMostStoredWords, "it has too many values for any network");
      if (has_reported_values(entry)) entry.values = take(rest, 4 * words_of(*entry.array));
    }
    unpacker(strays_);
    for (std::string& stray : strays_) {
      stray = printable(stray, std::string::npos, Characters::kUtf8);
    }
    require(rest.empty() && unpacker.remaining() == 0, "it has bytes left over");
  } catch (const Error& error) {
    fail("{}: {}", kUnusable, error.what());
  }
}

void write_stored(const Checkpoint& description, std::span<const StoredEntry> entries,
                  const std::vector<std::string>& strays, ResultWriter& writer) {
  Packer packer;
  pack(packer, description);
  packer(std::uint64_t{entries.size()});
  for (const StoredEntry& entry : entries) {
    packer(entry.name, entry.problem, entry.array.has_value());
    if (entry.array) pack(packer, *entry.array);
  }
  packer(strays);
  Packer length;
  length(std::uint64_t{packer.bytes().size()});
  writer.write(length.bytes());
  writer.write(packer.bytes());
}

}  // namespace odin
