// Reads Python's pickles, protocols 0 to 5, into plain values.
#pragma once

#include <vector>

#include "weights/files/byte_source.h"
#include "weights/pickle/pickle_value.h"

namespace odin {

// Runs one pickle, up to and including its STOP, on a stack machine. Its nodes live in `heap`.
// Nothing is imported and nothing is called: a call becomes a PickleObject that records the
// function and its arguments. Every PicklePersistent is also appended to `persistent`, unless that
// is nullptr.
//
// Throws Error if the data is not a pickle, ends early, asks for more memory than the heap gives,
// or would call anything but a harmless part of a checkpoint; the error names it.
PickleValue load_pickle(ByteReader& reader, PickleHeap& heap,
                        std::vector<PickleValue>* persistent = nullptr);

}  // namespace odin
