#include "weights/hdf5_attribute.h"

#include <algorithm>
#include <array>

namespace odin::hdf5 {
namespace {

// A larger attribute is a mistake or an attack: the names of 100,000 classes need less.
constexpr std::size_t kMaxBytes = std::size_t{1} << 24;

H5T_class_t type_class(const Handle& type) {
  return static_cast<H5T_class_t>(
      check(static_cast<int>(H5Tget_class(type.get())), "the kind of a type cannot be read"));
}

// In bytes.
std::size_t type_size(const Handle& type) {
  const std::size_t size = H5Tget_size(type.get());
  require(size > 0, "the size of a type cannot be read ({})", reason());
  return size;
}

struct Attribute {
  std::string name;
  Handle id;
  Handle type;
  Handle space;
  std::size_t count = 0;

  H5T_class_t type_class() const { return hdf5::type_class(type); }

  [[noreturn]] void wrong(const char* expected) const {
    fail("its attribute {} holds {} where {} is expected", name, describe(type), expected);
  }

  void read(hid_t memory_type, void* values) const {
    check(H5Aread(id.get(), memory_type, values), "its attribute {} cannot be read", name);
  }
};

Attribute open(const Handle& object, const std::string& name) {
  require(has_attribute(object, name), "its attribute {} is missing", name);
  Attribute attribute;
  attribute.name = name;
  attribute.id = Handle(check(H5Aopen(object.get(), name.c_str(), H5P_DEFAULT),
                              "its attribute {} cannot be read", name));
  attribute.type = Handle(
      check(H5Aget_type(attribute.id.get()), "the type of its attribute {} cannot be read", name));
  attribute.space = Handle(check(H5Aget_space(attribute.id.get()),
                                 "the extent of its attribute {} cannot be read", name));
  const hssize_t count = check(H5Sget_simple_extent_npoints(attribute.space.get()),
                               "the extent of its attribute {} cannot be read", name);
  attribute.count = static_cast<std::size_t>(count);
  require(attribute.count <= kMaxBytes / type_size(attribute.type),
          "its attribute {} claims to be larger than {} bytes", name, kMaxBytes);
  return attribute;
}

Attribute open(const Handle& object, const std::string& name, std::size_t count) {
  Attribute attribute = open(object, name);
  require(attribute.count == count, "its attribute {} holds {} values where {} {} expected", name,
          attribute.count, count, count == 1 ? "is" : "are");
  return attribute;
}

// Text that HDF5 allocated. Freed at the end of the scope.
struct VariableText {
  const Attribute& attribute;
  std::vector<char*> pointers;

  ~VariableText() {
    H5Dvlen_reclaim(attribute.type.get(), attribute.space.get(), H5P_DEFAULT, pointers.data());
  }
};

std::vector<std::string> variable_strings(const Attribute& attribute) {
  std::vector<char*> pointers(attribute.count);
  attribute.read(attribute.type.get(), pointers.data());
  const VariableText text{attribute, std::move(pointers)};
  std::vector<std::string> strings;
  strings.reserve(attribute.count);
  for (const char* pointer : text.pointers) strings.emplace_back(pointer != nullptr ? pointer : "");
  return strings;
}

std::vector<std::string> fixed_strings(const Attribute& attribute) {
  const std::size_t width = type_size(attribute.type);
  const int padding = check(static_cast<int>(H5Tget_strpad(attribute.type.get())),
                            "the type of its attribute {} cannot be read", attribute.name);
  const bool spaces = padding == H5T_STR_SPACEPAD;
  std::vector<char> bytes(attribute.count * width);
  attribute.read(attribute.type.get(), bytes.data());
  std::vector<std::string> strings;
  strings.reserve(attribute.count);
  for (std::size_t i = 0; i < attribute.count; ++i) {
    std::string text(bytes.data() + i * width, width);
    if (spaces) {
      text.erase(text.find_last_not_of(' ') + 1);
    } else {
      text.erase(std::min(text.find('\0'), width));
    }
    strings.push_back(std::move(text));
  }
  return strings;
}

std::vector<std::string> strings_of(const Attribute& attribute) {
  if (attribute.type_class() != H5T_STRING) attribute.wrong("text");
  const htri_t variable = check(H5Tis_variable_str(attribute.type.get()),
                                "the type of its attribute {} cannot be read", attribute.name);
  return variable > 0 ? variable_strings(attribute) : fixed_strings(attribute);
}

std::vector<double> numbers_of(const Attribute& attribute) {
  const H5T_class_t type_class = attribute.type_class();
  if (type_class != H5T_FLOAT && type_class != H5T_INTEGER) {
    attribute.wrong(attribute.count == 1 ? "a number" : "an array of numbers");
  }
  std::vector<double> values(attribute.count);
  attribute.read(H5T_NATIVE_DOUBLE, values.data());
  return values;
}

std::int64_t integer_of(const Attribute& attribute, const char* expected) {
  if (attribute.type_class() != H5T_INTEGER) attribute.wrong(expected);
  std::int64_t value = 0;
  attribute.read(H5T_NATIVE_INT64, &value);  // HDF5 clamps what does not fit
  return value;
}

void write(const Handle& object, const std::string& name, hid_t type, const Handle& space,
           const void* values) {
  const Handle attribute(
      check(H5Acreate2(object.get(), name.c_str(), type, space.get(), H5P_DEFAULT, H5P_DEFAULT),
            "the attribute {} cannot be created", name));
  if (values == nullptr) return;  // an empty array
  check(H5Awrite(attribute.get(), type, values), "the attribute {} cannot be written", name);
}

Handle scalar_space() {
  return Handle(check(H5Screate(H5S_SCALAR), "a scalar space cannot be made"));
}

Handle array_space(std::size_t count) {
  const hsize_t extent = count;
  return Handle(
      check(H5Screate_simple(1, &extent, nullptr), "a space of {} cannot be made", count));
}

// Text of at most `width` bytes each, padded with zero bytes.
//
// HDF5 also has text of variable length, but stores it in a heap without a checksum, and HDF5 1.10
// can crash on a damaged heap.
Handle text_type(std::size_t width) {
  constexpr const char* kFailure = "the type of text cannot be made";
  Handle type(check(H5Tcopy(H5T_C_S1), "{}", kFailure));
  check(H5Tset_size(type.get(), width), "{}", kFailure);
  check(H5Tset_strpad(type.get(), H5T_STR_NULLPAD), "{}", kFailure);
  check(H5Tset_cset(type.get(), H5T_CSET_UTF8), "{}", kFailure);
  return type;
}

void write_text(const Handle& object, const std::string& name, const Handle& space,
                std::span<const std::string> values) {
  std::size_t width = 1;  // HDF5 has no text of zero bytes
  for (const std::string& value : values) width = std::max(width, value.size());
  require(values.size() <= kMaxBytes / width,
          "the attribute {} would be larger than {} bytes; shorten its text", name, kMaxBytes);
  std::vector<char> bytes(values.size() * width);
  for (std::size_t i = 0; i < values.size(); ++i) {
    require(values[i].find('\0') == std::string::npos,
            "the text of the attribute {} must not contain a zero byte", name);
    std::copy(values[i].begin(), values[i].end(), bytes.data() + i * width);
  }
  write(object, name, text_type(width).get(), space, values.empty() ? nullptr : bytes.data());
}

}  // namespace

std::string describe(const Handle& type) {
  const std::size_t bits = 8 * type_size(type);
  switch (type_class(type)) {
    case H5T_INTEGER:
      return fmt::format("{}-bit integers", bits);
    case H5T_FLOAT:
      return fmt::format("{}{}-bit floats",
                         H5Tget_order(type.get()) == H5T_ORDER_BE ? "big-endian " : "", bits);
    case H5T_STRING:
      return "text";
    case H5T_ENUM:
      return "an enumeration";
    case H5T_COMPOUND:
      return "compound values";
    case H5T_ARRAY:
      return "arrays";
    case H5T_VLEN:
      return "sequences of varying length";
    default:
      return "values of another kind";
  }
}

bool has_attribute(const Handle& object, const std::string& name) {
  return check(H5Aexists(object.get(), name.c_str()), "its attributes cannot be read") > 0;
}

std::string read_string(const Handle& object, const std::string& name) {
  return strings_of(open(object, name, 1)).front();
}

std::vector<std::string> read_strings(const Handle& object, const std::string& name) {
  const Attribute attribute = open(object, name);
  if (attribute.count == 0) return {};
  return strings_of(attribute);
}

std::int64_t read_integer(const Handle& object, const std::string& name) {
  return integer_of(open(object, name, 1), "a whole number");
}

bool read_boolean(const Handle& object, const std::string& name) {
  constexpr const char* kExpected = "true or false";
  const Attribute attribute = open(object, name, 1);
  std::int64_t value = 0;
  if (attribute.type_class() == H5T_ENUM && type_size(attribute.type) == 1) {
    std::int8_t stored = 0;
    attribute.read(attribute.type.get(), &stored);
    value = stored;
  } else {
    value = integer_of(attribute, kExpected);
  }
  require(value == 0 || value == 1, "its attribute {} is {} where 0 or 1 is expected", name, value);
  return value == 1;
}

double read_number(const Handle& object, const std::string& name) {
  return numbers_of(open(object, name, 1)).front();
}

std::vector<double> read_numbers(const Handle& object, const std::string& name, std::size_t count) {
  return numbers_of(open(object, name, count));
}

std::vector<double> read_numbers(const Handle& object, const std::string& name) {
  const Attribute attribute = open(object, name);
  if (attribute.count == 0) return {};
  return numbers_of(attribute);
}

void write_string(const Handle& object, const std::string& name, const std::string& value) {
  write_text(object, name, scalar_space(), {&value, 1});
}

void write_strings(const Handle& object, const std::string& name,
                   const std::vector<std::string>& values) {
  write_text(object, name, array_space(values.size()), values);
}

void write_integer(const Handle& object, const std::string& name, std::int64_t value) {
  write(object, name, H5T_STD_I64LE, scalar_space(), &value);
}

void write_boolean(const Handle& object, const std::string& name, bool value) {
  const Handle type(check(H5Tenum_create(H5T_STD_I8LE), "the type of truth values cannot be made"));
  const std::array<std::int8_t, 2> truth = {0, 1};
  check(H5Tenum_insert(type.get(), "FALSE", &truth[0]), "the type of truth values cannot be made");
  check(H5Tenum_insert(type.get(), "TRUE", &truth[1]), "the type of truth values cannot be made");
  write(object, name, type.get(), scalar_space(), &truth[value ? 1 : 0]);
}

void write_number(const Handle& object, const std::string& name, double value) {
  write(object, name, H5T_IEEE_F64LE, scalar_space(), &value);
}

void write_numbers(const Handle& object, const std::string& name, std::span<const float> values) {
  write(object, name, H5T_IEEE_F32LE, array_space(values.size()), values.data());
}

void write_numbers(const Handle& object, const std::string& name, std::span<const double> values) {
  write(object, name, H5T_IEEE_F64LE, array_space(values.size()),
        values.empty() ? nullptr : values.data());
}

}  // namespace odin::hdf5
