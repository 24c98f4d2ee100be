// The directory of a ZIP archive whose entries are stored, not compressed, as PyTorch writes them.
#pragma once

#include <map>
#include <string>

#include "weights/files/byte_source.h"

namespace odin::pytorch {

// Where the bytes of an entry are.
struct ZipEntry {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint32_t crc32 = 0;
};

// Whether a file begins like a ZIP archive.
bool looks_like_zip(const ByteSource& source);

class ZipArchive {
 public:
  // Reads the directory, including ZIP64's. Throws Error if the archive is damaged, split,
  // encrypted or compressed, if two entries overlap or have the same name, or if a name leads out
  // of the archive.
  explicit ZipArchive(SharedSource source);

  const std::map<std::string, ZipEntry>& entries() const { return entries_; }
  // The entry of that name, or nullptr.
  const ZipEntry* find(const std::string& name) const;
  // The bytes of an entry. Throws Error if there is none, or if its checksum is wrong.
  SharedSource open(const std::string& name) const;

 private:
  SharedSource source_;
  std::map<std::string, ZipEntry> entries_;
};

}  // namespace odin::pytorch
