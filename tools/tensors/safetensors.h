// Reads safetensors files, as Hugging Face's library writes them.
#pragma once

#include "tools/tensors/saved_network.h"
#include "weights/files/byte_source.h"

namespace odin::pytorch {

// A file is the header's length (8 bytes, least significant first), the header and the elements.
// The header is a JSON object: {"NAME": {"dtype": "F32", "shape": [3, 2], "data_offsets": [BEGIN,
// END]},
// "__metadata__": {"KEY": "TEXT"}}. Its offsets count from the end of the header.
//
// Reads the header, but no element. Throws Error unless the header is exactly this, the tensors
// follow one another without gap or overlap, and they fill the file to its end, as the format asks.
SavedNetwork read_safetensors(const SharedSource& file);

}  // namespace odin::pytorch
