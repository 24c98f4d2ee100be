#include "tools/conversion/unwrap.h"

#include <string>
#include <vector>

#include "kernels/error.h"
#include "tools/archives/gzip.h"
#include "tools/archives/tar_archive.h"
#include "tools/pytorch/container.h"
#include "weights/files/printable.h"
#include "weights/files/signatures.h"

namespace odin::pytorch {
namespace {

// gzip around a TAR archive around a file is 2. Many more are an attack.
constexpr int kMostArchives = 4;

bool looks_like_weights(const SharedSource& file) {
  return looks_like_zip(*file) || looks_like_gzip(*file) || looks_like_tar(*file) ||
         looks_like_magic(file) || looks_like_safetensors(*file);
}

// The one file of an archive that can hold weights.
SharedSource only_weights(const std::vector<TarMember>& members) {
  SharedSource found;
  std::string names;
  for (const TarMember& member : members) {
    if (!looks_like_weights(member.bytes)) continue;
    names += fmt::format("{}{}", found == nullptr ? "" : ", ", printable(member.name));
    require(found == nullptr,
            "it is a TAR archive of several checkpoints ({}, ...); unpack it and convert one",
            names);
    found = member.bytes;
  }
  require(found != nullptr, "it is a TAR archive of {} files, but none is a PyTorch checkpoint",
          members.size());
  return found;
}

}  // namespace

SharedSource unwrap(const SharedSource& file) {
  SharedSource source = file;
  for (int wrapping = 0; wrapping <= kMostArchives; ++wrapping) {
    if (looks_like_gzip(*source)) {
      source = gunzip(*source);
    } else if (looks_like_tar(*source)) {
      const std::vector<TarMember> members = read_tar(source);
      if (looks_like_tar_container(members)) return source;
      source = only_weights(members);
    } else {
      return source;
    }
  }
  fail("more than {} archives are nested in one another", kMostArchives);
}

}  // namespace odin::pytorch
