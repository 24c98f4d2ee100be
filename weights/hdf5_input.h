// HDF5 reads an open file.
#pragma once

#include "weights/files/input_file.h"
#include "weights/hdf5_handle.h"

namespace odin::hdf5 {

// Opens a file, which must live longer, for HDF5 to read it. HDF5 gets its bytes from `input` and
// opens nothing itself, so it does not matter whether another file is at the path by now, or who
// has locked it. Needs a Session. Throws Error, which calls the file damaged only if its content is
// the reason.
Handle open_for_reading(const InputFile& input);

}  // namespace odin::hdf5
