// The arrays of a checkpoint, through HDF5.
#pragma once

#include <cstdint>
#include <span>

#include "weights/hdf5_handle.h"
#include "weights/stored_array.h"

namespace odin::hdf5 {

// A file, and what its data sets claim in total. Totals are limited, because data sets may share
// the same bytes of the file.
struct StoredFile {
  std::uint64_t size = 0;              // in bytes
  bool addresses_are_offsets = false;  // whether HDF5's addresses are offsets in the file
  std::uint64_t claimed_bytes = 0;
  std::uint64_t claimed_values = 0;  // of 32 bits
};

enum class StoredTypes : std::uint8_t { kFloat, kFloatOrDouble };

// Checks a data set without reading a value. Throws Error unless it holds floats of one of these
// types and of at most four dimensions, all stored in this file with HDF5's own filters, and within
// the limits of `file`. The error is a clause that follows the name: "holds text where 32-bit
// floats are expected".
StoredArray examine_array(const Handle& dataset, StoredFile& file,
                          StoredTypes types = StoredTypes::kFloat);

// Reads all values of a data set, converted to float or double. Throws Error, with HDF5's reason,
// if that fails.
template <class T>
void read_array(const Handle& dataset, std::span<T> values);

}  // namespace odin::hdf5
