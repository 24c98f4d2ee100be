#include "tools/tensors/safetensors.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "kernels/error.h"
#include "weights/files/printable.h"

namespace odin::pytorch {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kLengthBytes = 8;
// The header of the largest networks is about 1 MiB long.
constexpr std::uint64_t kMostHeader = std::uint64_t{16} << 20;
constexpr std::size_t kMostTensors = 20000;
constexpr std::size_t kMostName = 1024;
constexpr std::size_t kMostOthers = 1000;

struct Dtype {
  std::string_view name;     // in the file
  std::string_view element;  // PyTorch's name
};

constexpr Dtype kDtypes[] = {
    {"BF16", "bfloat16"},
    {"BOOL", "bool"},
    {"C64", "complex64"},
    {"F16", "float16"},
    {"F32", "float32"},
    {"F64", "float64"},
    {"I16", "int16"},
    {"I32", "int32"},
    {"I64", "int64"},
    {"I8", "int8"},
    {"F8_E4M3", "float8_e4m3fn"},
    {"F8_E5M2", "float8_e5m2"},
    {"U16", "uint16"},
    {"U32", "uint32"},
    {"U64", "uint64"},
    {"U8", "uint8"},
};

const ElementType* element_type_of(const std::string& dtype) {
  const auto* found = std::find_if(std::begin(kDtypes), std::end(kDtypes),
                                   [&](const Dtype& known) { return known.name == dtype; });
  return found == std::end(kDtypes) ? nullptr : find_element_type_by_name(found->element);
}

// A tensor as the header describes it.
struct Entry {
  std::string name;
  std::optional<std::string> dtype;
  std::optional<std::vector<std::uint64_t>> shape;
  std::optional<std::vector<std::uint64_t>> offsets;
};

// Takes the header apart as nlohmann's parser goes over it, so that memory is only used for what
// the format allows, and a key that comes twice is noticed.
class HeaderReader final : public nlohmann::json_sax<Json> {
 public:
  std::vector<Entry> take_entries() { return std::move(entries_); }
  std::vector<std::pair<std::string, std::string>> take_metadata() { return std::move(metadata_); }

  bool key(string_t& name) override {
    if (place_ == Place::kTop) {
      require(name.size() <= kMostName, "its header holds a name of {} bytes", name.size());
      require(names_.insert(name).second, "its header holds '{}' twice", printable(name));
      in_metadata_ = name == "__metadata__";
      if (in_metadata_) return true;
      require(entries_.size() < kMostTensors, "it holds more than {} tensors", kMostTensors);
      entries_.emplace_back().name = name;
      return true;
    }
    field_ = name;
    return true;
  }

  bool start_object(std::size_t /*size*/) override {
    if (place_ == Place::kOutside) {
      place_ = Place::kTop;
    } else if (place_ == Place::kTop) {
      place_ = in_metadata_ ? Place::kMetadata : Place::kTensor;
    } else {
      unexpected("an object");
    }
    return true;
  }
  bool end_object() override {
    place_ = place_ == Place::kTop ? Place::kOutside : Place::kTop;
    return true;
  }

  bool start_array(std::size_t /*size*/) override {
    if (place_ != Place::kTensor || (field_ != "shape" && field_ != "data_offsets")) {
      unexpected("a list");
    }
    auto& numbers = field_ == "shape" ? entries_.back().shape : entries_.back().offsets;
    if (numbers) unexpected("a second list");
    numbers_ = &numbers.emplace();
    place_ = Place::kNumbers;
    return true;
  }
  bool end_array() override {
    place_ = Place::kTensor;
    return true;
  }

  bool string(string_t& text) override {
    if (place_ == Place::kMetadata) {
      if (metadata_.size() < kMostOthers) {
        metadata_.emplace_back(printable(field_),
                               fmt::format("the text '{}'", printable(text, 60)));
      }
      return true;
    }
    if (place_ != Place::kTensor || field_ != "dtype" || entries_.back().dtype)
      unexpected("a text");
    entries_.back().dtype = text;
    return true;
  }
  bool number_unsigned(number_unsigned_t number) override {
    if (place_ != Place::kNumbers || numbers_->size() == kMostRank) unexpected("a number");
    numbers_->push_back(number);
    return true;
  }

  bool null() override { unexpected("null"); }
  bool boolean(bool /*value*/) override { unexpected("a boolean"); }
  bool number_integer(number_integer_t /*value*/) override { unexpected("a negative number"); }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override {
    unexpected("a fraction");
  }
  bool binary(binary_t& /*value*/) override { unexpected("binary data"); }
  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::detail::exception& /*error*/) override {
    fail("its header is no JSON at byte {} (is the file damaged?)", kLengthBytes + position);
  }

 private:
  enum class Place : std::uint8_t { kOutside, kTop, kMetadata, kTensor, kNumbers };

  [[noreturn]] void unexpected(const char* what) const {
    if (place_ == Place::kOutside || (place_ == Place::kTop && names_.empty())) {
      fail("its header is {}, where an object is needed", what);
    }
    if (in_metadata_) fail("its metadata hold {}, where only texts are allowed", what);
    const std::string name = printable(entries_.back().name);
    if (place_ == Place::kTop) fail("its header describes '{}' by {}", name, what);
    fail("its header gives {} as the {} of '{}'", what, printable(field_), name);
  }

  Place place_ = Place::kOutside;
  bool in_metadata_ = false;
  std::string field_;
  std::vector<std::uint64_t>* numbers_ = nullptr;
  std::vector<Entry> entries_;
  std::set<std::string> names_;
  std::vector<std::pair<std::string, std::string>> metadata_;
};

std::string read_header(const SharedSource& file) {
  ByteReader reader(file);
  const auto length = reader.little_endian<std::uint64_t>();
  require(length <= kMostHeader,
          "its header is {} bytes long, and {} MiB are enough for any network", length,
          kMostHeader >> 20);
  return reader.text(length);
}

// Row-major. The product of all extents fits: `count` is it.
std::vector<std::int64_t> strides_of(const std::vector<std::int64_t>& shape) {
  std::vector<std::int64_t> strides(shape.size());
  std::int64_t stride = 1;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    strides[axis] = stride;
    stride *= std::max<std::int64_t>(shape[axis], 1);
  }
  return strides;
}

// The tensor of an entry, whose elements are in `data`.
Tensor tensor_of(const Entry& entry, const SharedSource& data) {
  const std::string name = printable(entry.name);
  require(entry.dtype && entry.shape && entry.offsets, "its header gives no {} for '{}'",
          !entry.dtype   ? "dtype"
          : !entry.shape ? "shape"
                         : "data_offsets",
          name);
  const ElementType* type = element_type_of(*entry.dtype);
  require(type != nullptr, "'{}' has elements of the type {}, which is not known", name,
          printable(*entry.dtype, 20));
  require(entry.offsets->size() == 2, "its header gives {} data_offsets for '{}'",
          entry.offsets->size(), name);
  const std::uint64_t begin = (*entry.offsets)[0];
  const std::uint64_t end = (*entry.offsets)[1];
  require(begin <= end && end <= data->size(),
          "'{}' is said to be in the bytes {} to {} of {} (was the file cut short?)", name, begin,
          end, data->size());
  Tensor tensor;
  std::uint64_t count = 1;
  // The strides are products of the extents, even where another extent is 0.
  std::uint64_t reach = 1;
  bool fits = true;
  for (const std::uint64_t extent : *entry.shape) {
    fits = fits && !__builtin_mul_overflow(count, extent, &count) &&
           !__builtin_mul_overflow(reach, std::max<std::uint64_t>(extent, 1), &reach) &&
           reach <= std::uint64_t{std::numeric_limits<std::int64_t>::max()};
    if (!fits) break;
    tensor.shape.push_back(static_cast<std::int64_t>(extent));
  }
  require(fits && (end - begin) / type->size == count && (end - begin) % type->size == 0,
          "'{}' has {} bytes, which is not what its shape and dtype need", name, end - begin);
  tensor.strides = strides_of(tensor.shape);
  tensor.storage =
      std::make_shared<Storage>(Storage{type, count, window(data, begin, end - begin), false, ""});
  require_valid(tensor);
  return tensor;
}

// Throws Error unless the tensors fill [0, size) one after the other.
void require_filled(const std::vector<Entry>& entries, std::uint64_t size) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> extents;
  for (const Entry& entry : entries) {
    extents.emplace_back((*entry.offsets)[0], (*entry.offsets)[1]);
  }
  std::sort(extents.begin(), extents.end());
  std::uint64_t filled = 0;
  for (const auto& [begin, end] : extents) {
    require(begin == filled, "its tensors {} at byte {} of the data (is the file damaged?)",
            begin < filled ? "overlap" : "leave a gap", std::min(begin, filled));
    filled = end;
  }
  require(filled == size, "its tensors end after {} of {} bytes (is the file damaged?)", filled,
          size);
}

}  // namespace

SavedNetwork read_safetensors(const SharedSource& file) {
  const std::string header = read_header(file);
  HeaderReader reader;
  Json::sax_parse(header, &reader);
  const std::vector<Entry> entries = reader.take_entries();
  const std::uint64_t begin = kLengthBytes + header.size();
  const SharedSource data = window(file, begin, file->size() - begin);
  SavedNetwork network;
  network.kind = "a state dict";
  for (const Entry& entry : entries) {
    Tensor tensor = tensor_of(entry, data);
    if (is_batch_counter(entry.name)) continue;
    network.tensors.push_back({entry.name, std::move(tensor)});
  }
  require_filled(entries, data->size());
  network.others = reader.take_metadata();
  return network;
}

}  // namespace odin::pytorch
