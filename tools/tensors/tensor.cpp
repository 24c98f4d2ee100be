#include "tools/tensors/tensor.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <iterator>
#include <span>

#include "kernels/error.h"

namespace odin::pytorch {
namespace {

constexpr ElementType kTypes[] = {
    {"FloatStorage", "float32", 4},
    {"DoubleStorage", "float64", 8},
    {"HalfStorage", "float16", 2},
    {"BFloat16Storage", "bfloat16", 2},
    {"ByteStorage", "uint8", 1},
    {"CharStorage", "int8", 1},
    {"ShortStorage", "int16", 2},
    {"IntStorage", "int32", 4},
    {"LongStorage", "int64", 8},
    {"BoolStorage", "bool", 1},
    {"ComplexFloatStorage", "complex64", 8},
    {"ComplexDoubleStorage", "complex128", 16},
    {"QInt8Storage", "qint8", 1},
    {"QUInt8Storage", "quint8", 1},
    {"QInt32Storage", "qint32", 4},
    {"QUInt4x2Storage", "quint4x2", 1},
    {"UntypedStorage", "untyped bytes", 1},
    // Without a class of storages: PyTorch names them by their type only.
    {"", "uint16", 2},
    {"", "uint32", 4},
    {"", "uint64", 8},
    {"", "float8_e4m3fn", 1},
    {"", "float8_e4m3fnuz", 1},
    {"", "float8_e5m2", 1},
    {"", "float8_e5m2fnuz", 1},
    {"", "float8_e8m0fnu", 1},
    {"", "complex32", 4},
};

// Elements may be spread over this many times their number, as those of a slice are.
constexpr std::int64_t kMostSpread = 4;
constexpr std::size_t kBlockElements = std::size_t{1} << 16;

float half_to_float(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000U) << 16;
  const std::uint32_t exponent = (half >> 10) & 0x1fU;
  const std::uint32_t fraction = half & 0x3ffU;
  if (exponent == 0) {  // zero or subnormal: fraction * 2^-24, exact in float
    const float magnitude = static_cast<float>(fraction) * 0x1p-24F;
    return sign != 0 ? -magnitude : magnitude;
  }
  const std::uint32_t wide = exponent == 31 ? 255 : exponent + 112;
  return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
}

template <class Bits>
Bits load(const std::byte* bytes, bool big_endian) {
  Bits value = 0;
  for (std::size_t i = 0; i < sizeof(Bits); ++i) {
    const std::size_t shift = 8 * (big_endian ? sizeof(Bits) - 1 - i : i);
    value = static_cast<Bits>(value | static_cast<Bits>(static_cast<Bits>(bytes[i]) << shift));
  }
  return value;
}

template <class Bits, class Convert>
void convert_all(const std::byte* bytes, bool big_endian, std::span<float> out, Convert convert) {
  for (float& value : out) {
    value = convert(load<Bits>(bytes, big_endian));
    bytes += sizeof(Bits);
  }
}

bool is_floating_point(const ElementType& type) {
  return type.name == "float32" || type.name == "float64" || type.name == "float16" ||
         type.name == "bfloat16";
}

void convert(const std::byte* bytes, const Storage& storage, std::span<float> out) {
  if (storage.type->name == "float32") {
    convert_all<std::uint32_t>(bytes, storage.big_endian, out,
                               [](std::uint32_t bits) { return std::bit_cast<float>(bits); });
  } else if (storage.type->name == "float64") {
    convert_all<std::uint64_t>(bytes, storage.big_endian, out, [](std::uint64_t bits) {
      return static_cast<float>(std::bit_cast<double>(bits));
    });
  } else if (storage.type->name == "float16") {
    convert_all<std::uint16_t>(bytes, storage.big_endian, out, half_to_float);
  } else {
    convert_all<std::uint16_t>(bytes, storage.big_endian, out, [](std::uint16_t bits) {
      return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
    });
  }
}

// Elements [begin, begin + out.size()) of the storage.
void read_row(const Storage& storage, std::int64_t begin, std::span<float> out) {
  const std::size_t size = storage.type->size;
  std::vector<std::byte> block(std::min(out.size(), kBlockElements) * size);
  auto position = static_cast<std::uint64_t>(begin) * size;
  while (!out.empty()) {
    const std::size_t count = std::min(out.size(), kBlockElements);
    const std::span<std::byte> bytes = std::span(block).first(count * size);
    storage.bytes->read(position, bytes);
    convert(bytes.data(), storage, out.first(count));
    position += bytes.size();
    out = out.subspan(count);
  }
}

bool is_row_major(const Tensor& tensor) {
  std::int64_t expected = 1;
  for (std::size_t axis = tensor.shape.size(); axis-- > 0;) {
    if (tensor.shape[axis] != 1 && tensor.strides[axis] != expected) return false;
    expected *= tensor.shape[axis];
  }
  return true;
}

// The number of elements of the storage from the tensor's first element to its last. The tensor is
// valid and not empty.
std::int64_t span_of(const Tensor& tensor) {
  std::int64_t last = 0;
  for (std::size_t axis = 0; axis < tensor.shape.size(); ++axis) {
    last += (tensor.shape[axis] - 1) * tensor.strides[axis];
  }
  return last + 1;
}

}  // namespace

const ElementType* find_element_type(std::string_view storage) {
  const auto found = std::find_if(std::begin(kTypes), std::end(kTypes), [&](const ElementType& t) {
    return !t.storage.empty() && t.storage == storage;
  });
  return found == std::end(kTypes) ? nullptr : found;
}

const ElementType* find_element_type_by_name(std::string_view name) {
  const auto found = std::find_if(std::begin(kTypes), std::end(kTypes),
                                  [&](const ElementType& t) { return t.name == name; });
  return found == std::end(kTypes) ? nullptr : found;
}

bool is_quantised(const ElementType& type) {
  return type.name.starts_with("qint") || type.name.starts_with("quint");
}

std::int64_t Tensor::count() const {
  std::int64_t product = 1;
  for (const std::int64_t extent : shape) product *= extent;
  return product;
}

void require_valid(const Tensor& tensor) {
  require(tensor.shape.size() == tensor.strides.size() && tensor.shape.size() <= kMostRank,
          "a tensor has {} extents and {} strides", tensor.shape.size(), tensor.strides.size());
  require(tensor.offset >= 0, "a tensor begins at element {} of its storage", tensor.offset);
  std::int64_t count = 1;
  std::int64_t last = tensor.offset;
  bool fits = true;
  bool empty = false;
  for (std::size_t axis = 0; axis < tensor.shape.size(); ++axis) {
    const std::int64_t extent = tensor.shape[axis];
    const std::int64_t stride = tensor.strides[axis];
    require(extent >= 0, "a tensor has the extent {}", extent);
    require(stride >= 0, "a tensor has the stride {}", stride);
    empty = empty || extent == 0;
    if (extent == 0) continue;
    std::int64_t reach = 0;
    fits = fits && !__builtin_mul_overflow(extent - 1, stride, &reach) &&
           !__builtin_add_overflow(last, reach, &last) &&
           !__builtin_mul_overflow(count, extent, &count);
  }
  const std::uint64_t stored = tensor.storage == nullptr ? 0 : tensor.storage->count;
  require(fits && (empty || static_cast<std::uint64_t>(last) < stored),
          "a tensor of shape {} reaches beyond its storage of {} elements",
          shape_text(tensor.shape), stored);
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text;
  for (const std::int64_t extent : shape)
    text += fmt::format("{}{}", text.empty() ? "" : ", ", extent);
  return fmt::format("({})", text);
}

std::vector<float> read_elements(const Tensor& tensor) {
  const std::int64_t count = tensor.count();
  if (count == 0) return {};
  const Storage& storage = *tensor.storage;
  const std::string_view type = storage.type->name;
  require(!is_quantised(*storage.type),
          "its elements are quantised ({}), not floating-point numbers: save the network as it was "
          "before that",
          type);
  require(!type.starts_with("float8"),
          "its elements are {}, which are not read: save the network in PyTorch after .float()",
          type);
  require(is_floating_point(*storage.type), "its elements are {}, not floating-point numbers",
          type);
  std::vector<float> values(static_cast<std::size_t>(count));
  if (is_row_major(tensor)) {
    read_row(storage, tensor.offset, values);
    return values;
  }

  const std::int64_t spread = span_of(tensor);
  require(spread / kMostSpread <= count + static_cast<std::int64_t>(kBlockElements),
          "its {} elements are spread over {}", count, spread);
  std::vector<float> row(static_cast<std::size_t>(spread));
  read_row(storage, tensor.offset, row);
  std::vector<std::int64_t> index(tensor.shape.size(), 0);
  std::int64_t source = 0;
  for (float& value : values) {
    value = row[static_cast<std::size_t>(source)];
    // The next index in row-major order, as an odometer counts.
    for (std::size_t axis = index.size(); axis-- > 0;) {
      source += tensor.strides[axis];
      if (++index[axis] < tensor.shape[axis]) break;
      source -= tensor.shape[axis] * tensor.strides[axis];
      index[axis] = 0;
    }
  }
  return values;
}

}  // namespace odin::pytorch
