// The directory of a ZIP archive, and its entries that are stored, not compressed: PyTorch
// compresses none.
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
  bool compressed = false;  // it can be listed, but not opened
};

class ZipArchive {
 public:
  // Reads the directory, including ZIP64's. Throws Error if the archive is damaged, split
  // or encrypted, if two entries overlap or have the same name, or if a name leads out
  // of the archive.
  explicit ZipArchive(SharedSource source);

  const std::map<std::string, ZipEntry>& entries() const { return entries_; }
  // The entry of that name, or nullptr.
  const ZipEntry* find(const std::string& name) const;
  // The bytes of an entry. Throws Error if there is none, if it is compressed, or if its
  // checksum is wrong.
  SharedSource open(const std::string& name) const;

 private:
  SharedSource source_;
  std::map<std::string, ZipEntry> entries_;
};

}  // namespace odin::pytorch
