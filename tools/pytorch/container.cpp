#include "tools/pytorch/container.h"

#include <utility>

#include "kernels/error.h"
#include "tools/archives/gzip.h"
#include "tools/archives/zip_archive.h"
#include "weights/files/printable.h"
#include "weights/pickle/pickle_machine.h"

namespace odin::pytorch {
namespace {

// gzip around a TAR archive around a file is 2. Many more are an attack.
constexpr int kMostWrappings = 4;

bool looks_like_hdf5(const ByteSource& file) {
  std::byte magic[4] = {};
  if (file.size() < sizeof(magic)) return false;
  file.read(0, magic);
  return magic[0] == std::byte{0x89} && magic[1] == std::byte{'H'} && magic[2] == std::byte{'D'} &&
         magic[3] == std::byte{'F'};
}

bool looks_like_checkpoint(const SharedSource& file) {
  return looks_like_zip(*file) || looks_like_gzip(*file) || looks_like_tar(*file) ||
         looks_like_magic(file);
}

// The one file of an archive that can be a checkpoint.
SharedSource only_checkpoint(const std::vector<TarMember>& members) {
  SharedSource found;
  std::string names;
  for (const TarMember& member : members) {
    if (!looks_like_checkpoint(member.bytes)) continue;
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

// Says why a file that does not begin like any of the containers is refused.
[[noreturn]] void refuse(const SharedSource& file) {
  require(file->size() > 0, "it is empty");
  require(!looks_like_hdf5(*file),
          "it is an HDF5 file, not a PyTorch file (is it already converted?)");
  ByteReader reader(file);
  PickleHeap heap;
  std::string what;
  try {
    what = fmt::format("it is a pickle of {}", describe(load_pickle(reader, heap)));
  } catch (const Error& error) {
    what = error.what();
  }
  fail("it is not a file that PyTorch saved: {}", what);
}

}  // namespace

Contents open_container(const SharedSource& file) {
  SharedSource source = file;
  for (int wrapping = 0; wrapping <= kMostWrappings; ++wrapping) {
    if (looks_like_zip(*source)) return read_zip_container(source);
    if (looks_like_gzip(*source)) {
      source = gunzip(*source);
    } else if (looks_like_tar(*source)) {
      const std::vector<TarMember> members = read_tar(source);
      if (looks_like_tar_container(members)) return read_tar_container(members);
      source = only_checkpoint(members);
    } else if (looks_like_magic(source)) {
      return read_magic_container(source);
    } else {
      refuse(source);
    }
  }
  fail("more than {} archives are nested in one another", kMostWrappings);
}

}  // namespace odin::pytorch
