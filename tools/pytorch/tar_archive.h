// The files in a TAR archive.
#pragma once

#include <string>
#include <vector>

#include "tools/pytorch/byte_source.h"

namespace odin::pytorch {

struct TarMember {
  std::string name;  // without a leading "./"
  SharedSource bytes;
};

// Whether a file begins with a header of an archive, its checksum right.
bool looks_like_tar(const ByteSource& source);

// The regular files of the archive, in its order: ustar, pax and GNU long names. Throws Error where
// the archive is damaged or cut short, or where a name leads out of it.
std::vector<TarMember> read_tar(const SharedSource& source);

}  // namespace odin::pytorch
