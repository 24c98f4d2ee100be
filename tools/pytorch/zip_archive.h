// The directory of a ZIP archive whose entries are stored, not compressed, as PyTorch writes them.
#pragma once

#include <map>
#include <string>

#include "tools/pytorch/byte_source.h"

namespace odin::pytorch {

// Where the bytes of an entry lie.
struct ZipEntry {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint32_t crc32 = 0;
};

// Whether a file begins as archives do.
bool looks_like_zip(const ByteSource& source);

class ZipArchive {
 public:
  // Reads the directory, ZIP64 included. Throws Error where the archive is damaged, split,
  // encrypted or compressed, where two entries overlap or have one name, or where a name leaves the
  // archive.
  explicit ZipArchive(SharedSource source);

  const std::map<std::string, ZipEntry>& entries() const { return entries_; }
  // The entry of that name, or nullptr.
  const ZipEntry* find(const std::string& name) const;
  // The bytes of an entry, after their checksum has been found right. Throws Error where it is not.
  SharedSource open(const std::string& name) const;

 private:
  SharedSource source_;
  std::map<std::string, ZipEntry> entries_;
};

}  // namespace odin::pytorch
