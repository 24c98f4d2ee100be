// The description of a network: the attributes of a checkpoint's root group.
#pragma once

#include "weights/checkpoint.h"
#include "weights/hdf5_handle.h"

namespace odin {

// Reads a checkpoint without its parameters. Throws Error if an attribute is missing or invalid.
Checkpoint read_description(const hdf5::Handle& root);

// Writes the attributes that read_description() reads. Throws Error if HDF5 cannot write them, or
// if text could not be read back.
void write_description(const Checkpoint& checkpoint, const hdf5::Handle& root);

}  // namespace odin
