// Lists the data sets of a checkpoint's file, and everything else that it holds.
#pragma once

#include <functional>
#include <string>

#include "weights/hdf5_handle.h"

namespace odin {

// list_entries() calls one of these for each entry.
struct EntryVisitor {
  // For a data set. `name` is its path from the root with '.' for '/'.
  std::function<void(const std::string& name, hdf5::Handle dataset)> dataset;
  // For anything that cannot be a parameter: "block1 is a soft or external link, which is not
  // followed".
  std::function<void(const std::string& problem)> stray;
};

// Visits all groups below `root`, in the order of their names. Does not follow soft or external
// links. Throws Error if an entry cannot be opened, or if there are more entries or deeper groups
// than any checkpoint has (hard links can make a group contain itself).
void list_entries(const hdf5::Handle& root, const EntryVisitor& visitor);

}  // namespace odin
