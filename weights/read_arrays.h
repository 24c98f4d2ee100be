// The values of a checkpoint's arrays.
#pragma once

#include "weights/checkpoint.h"
#include "weights/files/input_file.h"
#include "weights/stored_checkpoint.h"

namespace odin {

// Gives a checkpoint the parameters that are stored, and what its detector has learnt, on all
// cores. Throws Error, with the name of the array, if the file lacks a part of it or is damaged
// there.
void read_arrays(const StoredCheckpoint& stored, const InputFile& input, Checkpoint& checkpoint);

}  // namespace odin
