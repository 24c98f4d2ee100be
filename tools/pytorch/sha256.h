// The SHA-256 of a file, by which a converted checkpoint names its origin.
#pragma once

#include <string>

#include "tools/pytorch/byte_source.h"

namespace odin::pytorch {

// 64 hexadecimal digits, as sha256sum prints them.
std::string sha256(const ByteSource& source);

}  // namespace odin::pytorch
