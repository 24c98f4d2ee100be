// What files of the formats that hold weights begin with.
#pragma once

#include "weights/files/byte_source.h"

namespace odin {

bool looks_like_gzip(const ByteSource& file);
// At the beginning, or after a user block, which takes 512 bytes or a power of two times as many.
bool looks_like_hdf5(const ByteSource& file);
// The length of a header, below 4 GiB, and the bracket that opens a JSON object.
bool looks_like_safetensors(const ByteSource& file);
bool looks_like_zip(const ByteSource& file);

}  // namespace odin
