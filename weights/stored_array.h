// An array as a checkpoint's file stores it: an HDF5 data set of 32-bit floats or, where a detector has learnt it, of
// 64-bit floats.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/tensor_view.h"
#include "weights/chunk_codec.h"
#include "weights/files/input_file.h"
#include "weights/hdf5_handle.h"

namespace odin {

// Where a chunk is in the file, and where its values go.
struct StoredChunk {
  std::uint64_t address = 0;
  std::uint64_t bytes = 0;
  std::size_t first = 0;   // index in the array of the chunk's first value
  std::size_t values = 0;  // in the chunk; values past the array's end are padding
  ChunkFilters filters;
};

// A file, and what its data sets claim in total. Totals are limited, because data sets may share
// the same bytes of the file.
struct StoredFile {
  std::uint64_t size = 0;              // in bytes
  bool addresses_are_offsets = false;  // whether HDF5's addresses are offsets in the file
  std::uint64_t claimed_bytes = 0;
  std::uint64_t claimed_values = 0;  // of 32 bits
};

enum class StoredTypes : std::uint8_t { kFloat, kFloatOrDouble };

class StoredArray {
 public:
  // Checks the data set without reading a value. Throws Error unless it holds floats of one of these types and of at
  // most four dimensions, all stored in this file with HDF5's own filters, and within the limits of
  // `file`. The error is a clause that follows the name: "holds text where 32-bit floats are
  // expected".
  StoredArray(hdf5::Handle dataset, StoredFile& file, StoredTypes types = StoredTypes::kFloat);

  DataType type() const { return type_; }
  const Shape& shape() const { return shape_; }
  // The chunks for read_chunk(), if the array is stored as write_checkpoint() stores it. If there
  // are none, call read().
  const std::vector<StoredChunk>& chunks() const { return chunks_; }
  // Reads all values, of type(), through HDF5. Throws Error, with HDF5's reason, if that fails.
  template <class T>
  void read(std::span<T> values) const;

 private:
  hdf5::Handle dataset_;
  DataType type_ = DataType::kFloat32;
  Shape shape_;
  std::vector<StoredChunk> chunks_;
};

// Reads and decodes one chunk of `array`. Several threads may call it at once. Throws Error if the
// chunk is outside the file, damaged, or of a size other than it claims.
template <class T>
void read_chunk(const InputFile& file, const StoredChunk& chunk, std::span<T> array);

}  // namespace odin
