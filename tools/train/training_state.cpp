#include "tools/train/training_state.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <string_view>
#include <type_traits>

#include <zlib.h>

#include "kernels/error.h"
#include "tools/train/setup.h"
#include "weights/files/atomic_file.h"
#include "weights/files/input_file.h"

namespace odin::training {
namespace {

static_assert(std::endian::native == std::endian::little, "the file is little-endian");

constexpr std::string_view kMagic = "ODIN training 2\n";
constexpr std::string_view kMagicWithoutScale = "ODIN training 1\n";

std::uint32_t checksum(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

class Writer {
 public:
  template <class T>
  void value(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void raw(std::string_view text) { bytes_.append(text); }
  void text(std::string_view text) {
    value(static_cast<std::uint64_t>(text.size()));
    raw(text);
  }
  void map(const ParameterMap& map) {
    value(static_cast<std::uint64_t>(map.size()));
    for (const auto& [name, array] : map) {
      text(name);
      value(static_cast<std::int32_t>(array.shape.rank()));
      for (int axis = 0; axis < array.shape.rank(); ++axis) value(array.shape[axis]);
      bytes_.append(reinterpret_cast<const char*>(array.values.data()),
                    array.values.size() * sizeof(float));
    }
  }
  std::string& bytes() { return bytes_; }

 private:
  std::string bytes_;
};

// Reads what a Writer wrote: the checksum was right. It still never reads past the end.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : left_(bytes) {}

  std::string_view take(std::uint64_t count) {
    require(count <= left_.size(), "it is truncated");
    const std::string_view taken = left_.substr(0, count);
    left_.remove_prefix(count);
    return taken;
  }
  template <class T>
  T value() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  std::string text() { return std::string(take(value<std::uint64_t>())); }
  ParameterMap map() {
    ParameterMap map;
    const auto count = value<std::uint64_t>();
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::string name = text();
      ParameterArray array;
      const auto rank = value<std::int32_t>();
      require(rank == 1 || rank == 2 || rank == 4, "{} has {} axes, but 1, 2 or 4 are possible",
              name, rank);
      std::int64_t extents[Shape::kMaxRank] = {};
      std::uint64_t elements = 1;
      for (int axis = 0; axis < rank; ++axis) {
        extents[axis] = value<std::int64_t>();
        require(extents[axis] > 0 && extents[axis] <= 1 << 24, "{} has an extent of {}", name,
                extents[axis]);
        elements *= static_cast<std::uint64_t>(extents[axis]);
        require(elements <= left_.size(), "it is truncated");
      }
      array.shape = rank == 1   ? Shape{extents[0]}
                    : rank == 2 ? Shape{extents[0], extents[1]}
                                : Shape{extents[0], extents[1], extents[2], extents[3]};
      array.values.resize(elements);
      std::memcpy(array.values.data(), take(elements * sizeof(float)).data(),
                  elements * sizeof(float));
      map.emplace(name, std::move(array));
    }
    return map;
  }
  bool at_end() const { return left_.empty(); }

 private:
  std::string_view left_;
};

TrainingState parse(std::string_view bytes) {
  const bool scaled = bytes.starts_with(kMagic);
  require(bytes.size() >= kMagic.size() + 4 && (scaled || bytes.starts_with(kMagicWithoutScale)),
          "it is not the state of a training");
  const std::string_view content = bytes.substr(0, bytes.size() - 4);
  require(Reader(bytes.substr(content.size())).value<std::uint32_t>() == checksum(content),
          "it is damaged: its checksum is wrong");
  Reader reader(content.substr(kMagic.size()));
  TrainingState state;
  state.setup = reader.text();
  state.step = reader.value<std::int64_t>();
  state.epoch_so_far = reader.value<Tally>();
  state.epoch_seconds = reader.value<double>();
  const auto records = reader.value<std::uint64_t>();
  for (std::uint64_t i = 0; i < records; ++i) state.records.push_back(reader.value<EpochRecord>());
  state.parameters = reader.map();
  state.velocities = reader.map();
  if (scaled) state.loss_scale = reader.value<LossScale>();
  require(reader.at_end(), "it has data after its end");
  require_setup(state.setup);
  return state;
}

}  // namespace

void write_training_state(const TrainingState& state, const std::filesystem::path& file) {
  Writer writer;
  writer.raw(kMagic);
  writer.text(state.setup);
  writer.value(state.step);
  writer.value(state.epoch_so_far);
  writer.value(state.epoch_seconds);
  writer.value(static_cast<std::uint64_t>(state.records.size()));
  for (const EpochRecord& record : state.records) writer.value(record);
  writer.map(state.parameters);
  writer.map(state.velocities);
  writer.value(state.loss_scale);
  writer.value(checksum(writer.bytes()));
  write_atomically(file, writer.bytes());
}

TrainingState read_training_state(const std::filesystem::path& file) {
  std::string bytes;
  try {
    bytes = InputFile(file).content();
  } catch (const Error& error) {
    fail("there is no training to resume: {}", error.what());
  }
  try {
    return parse(bytes);
  } catch (const Error& error) {
    fail("the training in {} cannot be resumed: {}", file.string(), error.what());
  }
}

std::string csv_of(const std::vector<EpochRecord>& records) {
  std::string text =
      "epoch,step,rate,train_loss,train_error,held_out_loss,held_out_error,seconds,"
      "images_per_second\n";
  // An empty field where nothing was measured.
  const auto field = [](double value) {
    return std::isnan(value) ? std::string() : fmt::format("{:.6g}", value);
  };
  for (const EpochRecord& r : records) {
    text += fmt::format("{:.6g},{},{:.6g},{},{},{},{},{:.1f},{:.1f}\n", r.epoch, r.step, r.rate,
                        field(r.loss), field(r.train_error), field(r.held_out_loss),
                        field(r.held_out_error), r.seconds, r.images_per_second);
  }
  return text;
}

}  // namespace odin::training
