#include "weights/hdf5_checkpoint.h"

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kernels/error.h"
#include "weights/checkpoint_attributes.h"
#include "weights/checkpoint_entries.h"
#include "weights/files/byte_source.h"
#include "weights/files/file_kind.h"
#include "weights/files/printable.h"
#include "weights/files/signatures.h"
#include "weights/hdf5_array.h"
#include "weights/hdf5_handle.h"
#include "weights/hdf5_input.h"
#include "weights/stored_checkpoint.h"

namespace odin::hdf5 {
namespace {

// Throws Error, which says what the file is, unless it is HDF5.
void require_hdf5(const InputFile& input) {
  const SharedSource bytes = in_file(input.duplicate());
  if (looks_like_hdf5(*bytes)) return;
  require(bytes->size() > 0, "it is empty");
  if (const auto other = recognise_other_file(*bytes)) fail("{}", *other);
  if (const auto text = recognise_text(*bytes)) fail("{}, not an HDF5 file", *text);
  require(!looks_convertible(*bytes),
          "it is not an HDF5 file, but may be one of PyTorch or safetensors: convert it with "
          "convert_checkpoint");
  if (const auto named = recognise_by_name(input.path(), *bytes)) fail("{}", *named);
  fail("it is not a checkpoint, which is an HDF5 file");
}

StoredFile stored_file(const InputFile& input, const Handle& file) {
  const Handle creation(check(H5Fget_create_plist(file.get()), "it cannot be read"));
  hsize_t user_block = 0;
  check(H5Pget_userblock(creation.get(), &user_block), "it cannot be read");
  return {.size = static_cast<std::uint64_t>(input.size()),
          .addresses_are_offsets = user_block == 0};
}

// Checks the data set of an entry.
void examine_entry(const Handle& dataset, StoredFile& file, StoredEntry& entry) {
  try {
    StoredArray array = examine_array(
        dataset, file, entry.is_of_fit ? StoredTypes::kFloatOrDouble : StoredTypes::kFloat);
    require(!entry.is_of_fit || array.shape.rank() == 1,
            "has the shape {} where one axis is expected", array.shape.to_string());
    entry.array = std::move(array);
  } catch (const Error& error) {
    entry.problem = error.what();
  }
}

template <class T>
void report_values(const Handle& dataset, const StoredArray& array, ResultWriter& writer) {
  std::vector<T> values(static_cast<std::size_t>(array.shape.numel()));
  if (!values.empty()) read_array(dataset, std::span(values));
  writer.write(std::as_bytes(std::span(values)));
}

}  // namespace

void report_checkpoint(const InputFile& input, ResultWriter& writer) {
  require_hdf5(input);
  const Handle file = open_for_reading(input);
  StoredFile totals = stored_file(input, file);
  const Checkpoint description = read_description(file);
  const bool may_be_of_fit = has_fit(description);
  std::vector<StoredEntry> entries;
  std::vector<Handle> datasets;  // of the entries
  std::vector<std::string> strays;
  list_entries(file, {.dataset =
                          [&](const std::string& name, Handle dataset) {
                            StoredEntry& entry = entries.emplace_back();
                            entry.name = name;
                            entry.is_of_fit = may_be_of_fit && is_name_of_fit(name);
                            examine_entry(dataset, totals, entry);
                            datasets.push_back(std::move(dataset));
                          },
                      .stray = [&](const std::string& problem) { strays.push_back(problem); }});
  write_stored(description, entries, strays, writer);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const StoredEntry& entry = entries[i];
    if (!has_reported_values(entry)) continue;
    try {
      if (entry.array->type == DataType::kFloat64) {
        report_values<double>(datasets[i], *entry.array, writer);
      } else {
        report_values<float>(datasets[i], *entry.array, writer);
      }
    } catch (const Error& error) {
      fail("{} cannot be read ({})", printable(entry.name), error.what());
    }
  }
}

}  // namespace odin::hdf5
