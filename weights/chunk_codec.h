// The bytes of one chunk of floats, as HDF5's own shuffle and deflate filters store them.
//
// We code chunks ourselves for speed: HDF5 runs its filters on one thread.
#pragma once

#include <span>
#include <vector>

namespace odin {

using Bytes = std::vector<unsigned char>;

// Which filters a chunk went through when it was written, in this order.
struct ChunkFilters {
  bool shuffle = true;  // the first bytes of all values, then the second ones, ...
  bool deflate = true;  // zlib's format, RFC 1950
};

// Shuffles and deflates. The same values give the same bytes.
Bytes encode_chunk(std::span<const float> values);

// Undoes the filters and fills `values`. Throws Error unless `stored` is whole, undamaged and holds
// exactly as many values.
void decode_chunk(std::span<const unsigned char> stored, ChunkFilters filters,
                  std::span<float> values);

}  // namespace odin
