// Files that are compressed with gzip.
#pragma once

#include "weights/files/byte_source.h"

namespace odin::pytorch {

// The decompressed bytes, in an unnamed temporary file rather than in memory. Throws Error if the
// data is damaged, ends early, or unpacks to far more than weights can (a bomb).
SharedSource gunzip(const ByteSource& source);

}  // namespace odin::pytorch
