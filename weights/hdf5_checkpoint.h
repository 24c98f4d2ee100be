// What HDF5 finds in a checkpoint's file.
#pragma once

#include "weights/child_process.h"
#include "weights/files/input_file.h"

namespace odin::hdf5 {

// Reads all of a file that HDF5 has to read, and writes what is in it, as StoredCheckpoint
// (weights/stored_checkpoint.h) reads it: everything but the chunks of arrays, which need no HDF5.
// HDF5 1.10 crashes, does not end, or asks for gigabytes, when the metadata of a file is damaged in
// some ways; so this is for run_in_child(). Needs a Session. Throws Error unless the file is HDF5
// and describes a network.
void report_checkpoint(const InputFile& input, ResultWriter& writer);

}  // namespace odin::hdf5
