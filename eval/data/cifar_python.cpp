#include <algorithm>
#include <iterator>
#include <utility>

#include "eval/data/cifar_batch.h"
#include "eval/data/class_names.h"
#include "kernels/error.h"
#include "weights/files/printable.h"
#include "weights/pickle/numpy_array.h"
#include "weights/pickle/pickle_machine.h"

namespace odin {
namespace {

namespace fs = std::filesystem;

// Three values for each of 50,000 images: both labels and the file's name.
constexpr std::size_t kMostPickled = std::size_t{64} << 20;
constexpr std::int64_t kMostLabels = 10000000;

const PickleEntries& entries_of(const PickleNode* value) {
  const auto* dict = get_if<PickleDict>(value);
  require(dict != nullptr, "it is a pickle of {}, where a dict is expected", describe(value));
  return dict->entries;
}

PickleValue find(const PickleEntries& entries, std::string_view key) {
  std::string keys;
  for (const auto& [name, value] : entries) {
    const std::string* text = ascii_text_of(name);
    if (text == nullptr) continue;
    if (*text == key) return value;
    keys += fmt::format("{}'{}'", keys.empty() ? "" : ", ", printable(*text, 40));
  }
  fail("it has no '{}', only {}", key, keys.empty() ? "other keys" : printable(keys, 200));
}

std::vector<std::int64_t> whole_numbers(const PickleNode* value) {
  if (const auto array = numpy_array_of(value)) return whole_numbers_in(*array, kMostLabels);
  const PickleList* items = sequence_items(value);
  require(items != nullptr, "its labels are {}", describe(value));
  std::vector<std::int64_t> numbers;
  for (const PickleValue item : *items) {
    const auto* number = get_if<std::int64_t>(item);
    require(number != nullptr, "a label is {}", describe(item));
    numbers.push_back(*number);
  }
  return numbers;
}

// (pixels, images) as (images, pixels).
SharedSource transposed(const SharedSource& bytes, std::int64_t images) {
  std::vector<std::byte> columns(static_cast<std::size_t>(bytes->size()));
  bytes->read(0, columns);
  std::vector<std::byte> rows(columns.size());
  const auto height = static_cast<std::size_t>(images);
  for (std::size_t image = 0; image < height; ++image) {
    for (std::size_t pixel = 0; pixel < kCifarElements; ++pixel) {
      rows[image * kCifarElements + pixel] = columns[pixel * height + image];
    }
  }
  return in_memory(std::move(rows));
}

// What pickles of a dict begin with: PROTO for every protocol from 2 on, EMPTY_DICT for protocol 1,
// and MARK for protocol 0. None of them is a label.
constexpr int kProto = 0x80;
constexpr int kEmptyDict = '}';
constexpr int kMark = '(';

int first_byte(const InputFile& file) {
  std::uint8_t first = 0;
  return file.read_some(0, &first, 1) == 1 ? first : -1;
}

CifarBatch read_batch(const SharedSource& file, const CifarKind& kind) {
  PickleHeap heap(kMostPickled);
  ByteReader reader(file);
  const PickleEntries& entries = entries_of(load_pickle(reader, heap));
  const PickleValue data = find(entries, "data");
  const auto array = numpy_array_of(data);
  require(array.has_value(), "its data is {}, where a NumPy array is expected", describe(data));
  require(array->kind == 'u' && array->item_size == 1,
          "its data are not bytes, but NumPy's type {}{}", array->kind, array->item_size);
  const std::vector<std::int64_t>& shape = array->shape;
  const bool is_flat = shape.size() == 2 && shape[1] == kCifarElements;
  const bool is_planar = shape.size() == 4 && shape[1] == 3 && shape[2] == kCifarSide &&
                         shape[3] == kCifarSide && !array->column_major;
  require((is_flat || is_planar) && shape[0] > 0,
          "its data have the shape ({}), where (images, {}) is expected", fmt::join(shape, ", "),
          kCifarElements);
  const std::int64_t images = shape[0];

  CifarBatch batch;
  batch.stride = kCifarElements;
  const std::vector<std::int64_t> labels = whole_numbers(find(entries, kind.label_key));
  require(std::ssize(labels) == images, "it has {} images, but {} labels", images, labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    require(labels[i] >= 0 && labels[i] < kind.classes.back(),
            "it has the label {} for image {}, but {} has classes 0 to {}", labels[i], i, kind.name,
            kind.classes.back() - 1);
    batch.labels.push_back(static_cast<std::int32_t>(labels[i]));
  }
  batch.bytes = array->column_major ? transposed(array->bytes, images) : array->bytes;
  return batch;
}

}  // namespace

bool is_python_batch(const InputFile& file) {
  const int first = first_byte(file);
  return first == kProto || first == kEmptyDict || first == kMark;
}

CifarBatch read_python_batch(InputFile file, const CifarKind& kind) {
  const fs::path path = file.path();
  try {
    require(
        first_byte(file) != kMark,
        "it is a pickle of protocol 0, which writes arrays as text: load it in Python and save it "
        "with protocol 2 or later");
    return read_batch(in_file(std::move(file)), kind);
  } catch (const Error& error) {
    fail(
        "'{}' is no batch of {}'s Python version: {} (download it again, or check which data set "
        "it is)",
        path.string(), kind.name, error.what());
  }
}

std::vector<std::string> read_python_class_names(const fs::path& file, const CifarKind& kind) {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return {};
  std::vector<std::string> names;
  try {
    PickleHeap heap;
    ByteReader reader(in_file(InputFile(file)));
    const PickleValue list = find(entries_of(load_pickle(reader, heap)), kind.names_key);
    const PickleList* items = sequence_items(list);
    require(items != nullptr, "its '{}' is {}", kind.names_key, describe(list));
    for (const PickleValue item : *items) {
      const std::string* name = ascii_text_of(item);
      require(name != nullptr, "a class's name is {}", describe(item));
      names.push_back(*name);
    }
  } catch (const Error& error) {
    fail(
        "'{}' has no names of {}'s classes: {} (download it again, or remove it to do without "
        "names)",
        file.string(), kind.name, error.what());
  }
  require_class_names(names, file, kind.classes.back());
  return names;
}

}  // namespace odin
