// What is stored in a checkpoint's file, without HDF5: plain data, which one process writes and
// another one reads.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weights/checkpoint.h"
#include "weights/child_process.h"
#include "weights/files/input_file.h"
#include "weights/stored_array.h"

namespace odin {

// A data set.
struct StoredEntry {
  std::string name;  // its path from the root with '.' for '/'
  // Why it cannot be used: "holds text where 32-bit floats are expected". Empty if there is an
  // array.
  std::string problem;
  std::optional<StoredArray> array;
  bool is_of_fit = false;  // no parameter, but what the detector has learnt
  // The array's values, unless it has chunks. They belong to the StoredCheckpoint.
  std::span<const std::byte> values{};
};

// Whether a file with this description holds what a detector has learnt, in arrays of such names.
bool has_fit(const Checkpoint& description);
bool is_name_of_fit(std::string_view name);

// Whether an entry's values are part of the report, and not chunks of the file.
inline bool has_reported_values(const StoredEntry& entry) {
  return entry.array && entry.array->chunks.empty();
}

// Has a child process read the file through HDF5 (hdf5::report_checkpoint()), and returns what it
// reports. Throws Error if the file cannot be read, or describes no network.
std::vector<std::byte> report_of(const InputFile& input);

class StoredCheckpoint {
 public:
  // Reads the report of a file. Throws Error likewise.
  explicit StoredCheckpoint(const InputFile& input);
  // Reads a report. Throws Error unless it is complete, and what it says is possible: the process
  // that wrote it may have been damaged by the file that it read. Names of entries are as they are
  // in the file; all other text can be printed.
  explicit StoredCheckpoint(std::vector<std::byte> report);
  // Entries refer to the report.
  StoredCheckpoint(const StoredCheckpoint&) = delete;
  StoredCheckpoint& operator=(const StoredCheckpoint&) = delete;

  const Checkpoint& description() const { return description_; }  // without arrays
  const std::vector<StoredEntry>& entries() const { return entries_; }
  // What cannot be a parameter: "block1 is a soft or external link, which is not followed".
  const std::vector<std::string>& strays() const { return strays_; }

 private:
  std::vector<std::byte> report_;
  Checkpoint description_;
  std::vector<StoredEntry> entries_;
  std::vector<std::string> strays_;
};

// Writes what StoredCheckpoint reads. Then follow, in order, the values of the entries that have
// reported values.
void write_stored(const Checkpoint& description, std::span<const StoredEntry> entries,
                  const std::vector<std::string>& strays, ResultWriter& writer);

}  // namespace odin
