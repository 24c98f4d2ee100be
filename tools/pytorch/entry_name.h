// The names of the files in an archive.
#pragma once

#include <string_view>

namespace odin::pytorch {

// Throws Error where a name would lead out of a folder that the archive was unpacked in: an
// absolute path, or one with "..". We unpack nothing, but such an archive was made to do harm.
void require_inside(std::string_view name);

}  // namespace odin::pytorch
