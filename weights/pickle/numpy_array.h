// NumPy's arrays in a pickle.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "weights/files/byte_source.h"
#include "weights/pickle/pickle_value.h"

namespace odin {

// An array as NumPy pickles it, of any version and any protocol.
struct NumpyArray {
  char kind = 0;  // NumPy's letter: 'u' unsigned, 'i' signed, 'f' floating-point, 'b' bool
  std::uint64_t item_size = 0;  // bytes
  bool big_endian = false;
  std::vector<std::int64_t> shape;
  bool column_major = false;  // the first index is the fastest
  SharedSource bytes;         // count() * item_size

  std::int64_t count() const;
};

// The array that a value is, or nothing for another value. Throws Error if it is an array that
// contradicts itself, or one of objects or records.
std::optional<NumpyArray> numpy_array_of(const PickleNode* value);

// The elements of an array of whole numbers, in the order of its bytes. Throws Error if it is of
// another kind or has more than `most` elements.
std::vector<std::int64_t> whole_numbers_in(const NumpyArray& array, std::int64_t most);

}  // namespace odin
