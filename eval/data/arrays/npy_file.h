// Files of numpy.save().
#pragma once

#include "weights/files/input_file.h"
#include "weights/pickle/numpy_array.h"

namespace odin {

// The array in a .npy file, of any version of the format. Its elements stay in the file. Throws
// Error, with a clause that says what is wrong, if it is no such file, does not have the length
// that its header says, or holds anything but numbers (kinds 'b', 'u', 'i' and 'f' of at most 8
// bytes).
NumpyArray open_npy_file(InputFile file);

}  // namespace odin
