// An array as a checkpoint's file stores it: a data set of 32-bit floats or, where a detector has
// learnt it, of 64-bit floats.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/tensor_view.h"
#include "weights/chunk_codec.h"
#include "weights/files/input_file.h"

namespace odin {

// Where a part of an array is in the file, and where its values go.
struct StoredChunk {
  std::uint64_t address = 0;
  std::uint64_t bytes = 0;
  std::size_t first = 0;   // index in the array of the chunk's first value
  std::size_t values = 0;  // in the chunk; values past the array's end are padding
  ChunkFilters filters{};
};

struct StoredArray {
  DataType type = DataType::kFloat32;  // or kFloat64
  Shape shape;
  // If the array is stored in one piece, which is one chunk, or as write_checkpoint() stores it. If
  // there are none, HDF5 reads its values.
  std::vector<StoredChunk> chunks;
};

// HDF5 reads arrays of more chunks: to find one chunk, it walks through all of them.
inline constexpr std::size_t kMostChunks = 4096;

// Its number of words of 32 bits.
std::uint64_t words_of(const StoredArray& array);

// The product of extents; kMostStoredWords + 1 if it is larger than kMostStoredWords.
std::uint64_t count_values(std::span<const std::uint64_t> extents);

// Throws Error unless there are at most four, none is larger than kMostStoredWords, and they have
// at most as many words together.
Shape shape_of(std::span<const std::uint64_t> extents, DataType type);

// Throws Error unless the chunks, if there are any, are equal parts of the array in order, the last
// one with padding.
void check_chunks(const StoredArray& array);

// Reads and decodes one of the checked chunks of `array`. Several threads may call it at once.
// Throws Error if the chunk is outside the file, damaged, or of a size other than it claims.
template <class T>
void read_chunk(const InputFile& file, const StoredChunk& chunk, std::span<T> array);

}  // namespace odin
