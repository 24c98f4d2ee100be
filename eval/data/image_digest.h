// What identifies the images of a set.
#pragma once

#include <string>

#include "eval/data/dataset.h"

namespace odin {

// SHA-256, in hexadecimal digits, of the pixels (n, channels, side, side), floats in 0..1, in the
// machine's order of bytes. Reads all images on this many threads. Throws Error for one that cannot
// be read.
std::string sha256_of(const Dataset& images, int threads);

}  // namespace odin
