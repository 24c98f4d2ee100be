// Python's pickles, protocols 0 to 5, run as a stack machine that makes plain values.
#pragma once

#include <vector>

#include "tools/pytorch/byte_source.h"
#include "tools/pytorch/pickle_value.h"

namespace odin::pytorch {

// Reads one pickle, up to and including its STOP; its nodes live in `heap`. Nothing is imported and
// nothing is called: a call becomes a PickleObject that remembers what was to be called with what.
// Every PicklePersistent is also appended to `persistent`, unless that is nullptr.
//
// Throws Error where the data is no pickle, ends early, asks for more memory than the heap gives,
// or would call anything that is not a harmless part of a checkpoint, which it names.
PickleValue load_pickle(ByteReader& reader, PickleHeap& heap,
                        std::vector<PickleValue>* persistent = nullptr);

}  // namespace odin::pytorch
