#include "weights/pickle/numpy_array.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "kernels/error.h"
#include "kernels/parse_number.h"
#include "weights/files/printable.h"

namespace odin {
namespace {

constexpr std::size_t kMostRank = 32;

bool is_numpy(const PickleNode* value, std::string_view module, std::string_view name) {
  const auto* global = get_if<PickleGlobal>(value);
  if (global == nullptr || global->name != name) return false;
  // The module's name has an underscore since NumPy 2.
  return global->module == fmt::format("numpy.core.{}", module) ||
         global->module == fmt::format("numpy._core.{}", module);
}

std::int64_t integer_of(const PickleNode* value) {
  const auto* integer = get_if<std::int64_t>(value);
  require(integer != nullptr, "the shape of a NumPy array holds {}", describe(value));
  return *integer;
}

std::vector<std::int64_t> shape_of(const PickleNode* value) {
  const PickleList* items = sequence_items(value);
  require(items != nullptr && items->size() <= kMostRank, "the shape of a NumPy array is {}",
          describe(value));
  std::vector<std::int64_t> shape;
  std::int64_t count = 1;
  for (const PickleValue item : *items) {
    shape.push_back(integer_of(item));
    require(shape.back() >= 0 && !__builtin_mul_overflow(count, shape.back(), &count),
            "a NumPy array has the impossible extent {}", shape.back());
  }
  return shape;
}

// From numpy.dtype('u1', ...) with the state (version, '<', ...).
void read_dtype(const PickleNode* value, NumpyArray& array) {
  const auto* dtype = get_if<PickleObject>(value);
  const PickleList* arguments = dtype == nullptr ? nullptr : tuple_items(dtype->arguments);
  const std::string* code =
      arguments == nullptr || arguments->empty() || !is_global(dtype->maker, "numpy", "dtype")
          ? nullptr
          : text_of(arguments->front());
  require(code != nullptr && code->size() >= 2, "the type of a NumPy array is {}", describe(value));
  array.kind = code->front();
  const auto item_size = whole_text_as<std::uint64_t>(std::string_view(*code).substr(1));
  constexpr std::string_view kKinds = "buif";
  require(item_size && *item_size >= 1 && *item_size <= 8 &&
              kKinds.find(array.kind) != std::string_view::npos,
          "a NumPy array has elements of the type '{}', and only numbers are read",
          printable(*code, 20));
  array.item_size = *item_size;
  const PickleList* state = tuple_items(dtype->state);
  const std::string* order = state == nullptr || state->size() < 2 ? nullptr : text_of((*state)[1]);
  array.big_endian = order != nullptr && *order == ">";
}

// Bytes that Python 3 wrote for Python 2: as text of which each character is a byte.
SharedSource from_latin_1(const SharedSource& text) {
  std::vector<std::byte> bytes;
  unsigned lead = 0;  // of a character of two bytes, or 0
  for_each_block(*text, [&](std::span<const std::byte> block) {
    for (const std::byte byte : block) {
      const auto value = std::to_integer<unsigned>(byte);
      const bool is_lead = value == 0xc2 || value == 0xc3;
      const bool is_tail = (value & 0xc0U) == 0x80;
      require(lead != 0 ? is_tail : value < 0x80 || is_lead,
              "the elements of a NumPy array are a text with other characters than bytes");
      if (!is_lead || lead != 0) {
        bytes.push_back(
            static_cast<std::byte>(lead == 0 ? value : (lead & 3U) << 6 | (value & 0x3fU)));
        lead = 0;
      } else {
        lead = value;
      }
    }
  });
  require(lead == 0, "the elements of a NumPy array end within a character");
  return in_memory(std::move(bytes));
}

SharedSource bytes_of(const PickleNode* value) {
  if (const auto* text = get_if<PickleLongText>(value)) return text->bytes;
  if (const auto* text = get_if<PickleText>(value)) {
    const auto view = std::as_bytes(std::span(text->value));
    return in_memory({view.begin(), view.end()});
  }
  const auto* object = get_if<PickleObject>(value);
  const PickleList* arguments = object == nullptr ? nullptr : tuple_items(object->arguments);
  require(arguments != nullptr, "the elements of a NumPy array are {}", describe(value));
  const bool is_encoded = is_global(object->maker, "_codecs", "encode");
  const bool is_bytes = is_global(object->maker, "__builtin__", "bytes") ||
                        is_global(object->maker, "builtins", "bytes") ||
                        is_global(object->maker, "builtins", "bytearray");
  if (is_bytes && arguments->empty()) return in_memory({});
  const std::string* encoding =
      is_encoded && arguments->size() == 2 ? text_of((*arguments)[1]) : nullptr;
  const PickleNode* inner = arguments->empty() ? nullptr : arguments->front();
  const bool is_string =
      get_if<PickleText>(inner) != nullptr || get_if<PickleLongText>(inner) != nullptr;
  require(is_string && (is_bytes || (encoding != nullptr && *encoding == "latin1")),
          "the elements of a NumPy array are {}", describe(value));
  return is_encoded ? from_latin_1(bytes_of(inner)) : bytes_of(inner);
}

// _reconstruct(...) with the state (version, shape, dtype, column-major, bytes).
NumpyArray from_state(const PickleNode* state) {
  const PickleList* items = tuple_items(state);
  require(items != nullptr && items->size() == 5, "the state of a NumPy array is {}",
          describe(state));
  NumpyArray array;
  array.shape = shape_of((*items)[1]);
  read_dtype((*items)[2], array);
  const auto* column_major = get_if<bool>((*items)[3]);
  const auto* as_number = get_if<std::int64_t>((*items)[3]);  // Python 2's protocols 0 and 1
  require(column_major != nullptr || as_number != nullptr, "the order of a NumPy array is {}",
          describe((*items)[3]));
  array.column_major = column_major != nullptr ? *column_major : *as_number != 0;
  array.bytes = bytes_of((*items)[4]);
  return array;
}

// _frombuffer(bytes, dtype, shape, 'C' or 'F'), of protocol 5.
NumpyArray from_buffer(const PickleList& arguments) {
  require(arguments.size() == 4, "a NumPy array is made of {} values", arguments.size());
  NumpyArray array;
  array.bytes = bytes_of(arguments[0]);
  read_dtype(arguments[1], array);
  array.shape = shape_of(arguments[2]);
  const std::string* order = text_of(arguments[3]);
  require(order != nullptr && (*order == "C" || *order == "F"), "the order of a NumPy array is {}",
          describe(arguments[3]));
  array.column_major = *order == "F";
  return array;
}

}  // namespace

std::int64_t NumpyArray::count() const {
  std::int64_t product = 1;
  for (const std::int64_t extent : shape) product *= extent;
  return product;
}

std::optional<NumpyArray> numpy_array_of(const PickleNode* value) {
  const auto* object = get_if<PickleObject>(value);
  if (object == nullptr) return std::nullopt;
  NumpyArray array;
  if (is_numpy(object->maker, "multiarray", "_reconstruct")) {
    array = from_state(object->state);
  } else if (is_numpy(object->maker, "numeric", "_frombuffer")) {
    array = from_buffer(*tuple_items(object->arguments));
  } else {
    return std::nullopt;
  }
  const std::uint64_t size = array.bytes->size();
  require(size % array.item_size == 0 &&
              size / array.item_size == static_cast<std::uint64_t>(array.count()),
          "a NumPy array of {} elements of {} bytes has {} bytes", array.count(), array.item_size,
          size);
  return array;
}

std::vector<std::int64_t> whole_numbers_in(const NumpyArray& array, std::int64_t most) {
  require(array.kind == 'u' || array.kind == 'i', "a NumPy array holds no whole numbers");
  require(array.count() <= most, "a NumPy array holds {} numbers, and {} are the most",
          array.count(), most);
  std::vector<std::byte> bytes(static_cast<std::size_t>(array.bytes->size()));
  array.bytes->read(0, bytes);
  if (array.big_endian) {
    for (auto item = bytes.begin(); item != bytes.end();
         item += static_cast<std::ptrdiff_t>(array.item_size)) {
      std::reverse(item, item + static_cast<std::ptrdiff_t>(array.item_size));
    }
  }
  std::vector<std::int64_t> numbers;
  for (std::size_t at = 0; at < bytes.size(); at += array.item_size) {
    const bool negative =
        array.kind == 'i' && (bytes[at + array.item_size - 1] >> 7) != std::byte{0};
    std::uint64_t number = negative ? ~std::uint64_t{0} : 0;
    for (std::size_t i = array.item_size; i-- > 0;) {
      number = number << 8 | std::to_integer<std::uint64_t>(bytes[at + i]);
    }
    numbers.push_back(static_cast<std::int64_t>(number));
  }
  return numbers;
}

}  // namespace odin
