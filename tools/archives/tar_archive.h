// The files in a TAR archive.
#pragma once

#include <string>
#include <vector>

#include "weights/files/byte_source.h"

namespace odin::pytorch {

struct TarMember {
  std::string name;  // without a leading "./"
  SharedSource bytes;
};

// Whether a file begins with the header of an archive whose checksum is right.
bool looks_like_tar(const ByteSource& source);

// The regular files of the archive, in its order: ustar, pax and GNU long names. Throws Error if
// the archive is damaged or cut short, or if a name leads out of it.
std::vector<TarMember> read_tar(const SharedSource& source);

}  // namespace odin::pytorch
