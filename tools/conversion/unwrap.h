// Takes a file of weights out of the archives around it.
#pragma once

#include "weights/files/byte_source.h"

namespace odin::pytorch {

// A file may be gzipped and may be in a TAR archive as its only file of weights, several times
// over. Returns the innermost file, which may be anything; of the TAR container of PyTorch, the
// archive. Throws Error if an archive is damaged, holds several files of weights or none, or is
// nested too often.
SharedSource unwrap(const SharedSource& file);

}  // namespace odin::pytorch
