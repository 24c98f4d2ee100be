// What a MATLAB 5 file consists of, checked before a library parses it.
#pragma once

#include <cstdint>

#include "weights/files/input_file.h"

namespace odin {

// What the variables of a file take, without compression.
struct MatLayout {
  std::int64_t largest = 0;   // bytes of the largest one
  std::int64_t unpacked = 0;  // bytes of all
};

// Unpacks every variable once, which proves its checksum if it is compressed, and keeps nothing.
// Throws Error, with a clause that says what is wrong, unless the file is of version 5, is
// complete, and holds real arrays of numbers only, of at most 4 GiB in all.
MatLayout check_mat_layout(const InputFile& file);

}  // namespace odin
