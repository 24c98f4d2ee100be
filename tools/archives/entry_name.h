// Names of files in an archive.
#pragma once

#include <string_view>

namespace odin::pytorch {

// Throws Error if a file of this name would be unpacked outside the archive's folder: an absolute
// path, or one with "..". We unpack nothing, but an archive with such a name is malicious.
void require_inside(std::string_view name);

}  // namespace odin::pytorch
