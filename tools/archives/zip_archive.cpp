#include "tools/archives/zip_archive.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include <zlib.h>

#include "kernels/error.h"
#include "tools/archives/entry_name.h"
#include "weights/files/printable.h"

// The numbers and field names are those of PKWARE's APPNOTE.TXT, section 4.3.
namespace odin::pytorch {
namespace {

constexpr std::uint32_t kLocalHeader = 0x04034b50;
constexpr std::uint32_t kDirectoryHeader = 0x02014b50;
constexpr std::uint32_t kEnd = 0x06054b50;
constexpr std::uint32_t kEnd64 = 0x06064b50;
constexpr std::uint32_t kEnd64Locator = 0x07064b50;
constexpr std::uint64_t kLocalHeaderBytes = 30;
constexpr std::uint64_t kDirectoryHeaderBytes = 46;
constexpr std::uint64_t kEndBytes = 22;
constexpr std::uint64_t kEnd64Bytes = 56;
constexpr std::uint64_t kEnd64LocatorBytes = 20;
constexpr std::uint64_t kMostComment = 0xffff;
constexpr std::uint16_t kSizes64Extra = 1;
constexpr std::uint16_t kEncrypted = 1;
constexpr std::uint64_t kMostEntries = 100000;

// The last record of the archive, which says where its directory is.
struct End {
  std::uint64_t entries = 0;
  std::uint64_t entries_here = 0;  // on this disk
  std::uint64_t directory_size = 0;
  std::uint64_t directory_offset = 0;
  std::uint64_t disks = 0;  // the sum of the numbers of disks: 0 if there is only one
};

ByteReader reader_at(const SharedSource& source, std::uint64_t offset) {
  ByteReader reader(source);
  reader.skip(offset);
  return reader;
}

std::uint64_t find_end(const SharedSource& source) {
  require(source->size() >= kEndBytes, "it is a ZIP archive that was cut short");
  const std::uint64_t tail = std::min(source->size(), kEndBytes + kMostComment);
  const std::uint64_t begin = source->size() - tail;
  std::vector<std::byte> bytes(static_cast<std::size_t>(tail));
  source->read(begin, bytes);
  const auto little = [&](std::size_t at, int count) {
    std::uint32_t value = 0;
    for (int i = count - 1; i >= 0; --i) {
      value = value << 8 | static_cast<std::uint32_t>(bytes[at + static_cast<std::size_t>(i)]);
    }
    return value;
  };
  // The comment after the record must end with the file: this excludes accidental matches.
  for (std::size_t at = bytes.size() - kEndBytes + 1; at-- > 0;) {
    if (little(at, 4) == kEnd && at + kEndBytes + little(at + 20, 2) == bytes.size()) {
      return begin + at;
    }
  }
  fail("it is a ZIP archive without its directory (was the file cut short?)");
}

End read_end(const SharedSource& source) {
  const std::uint64_t at = find_end(source);
  ByteReader reader = reader_at(source, at + 4);
  End end;
  end.disks = reader.little_endian<std::uint16_t>();
  end.disks += reader.little_endian<std::uint16_t>();
  end.entries_here = reader.little_endian<std::uint16_t>();
  end.entries = reader.little_endian<std::uint16_t>();
  end.directory_size = reader.little_endian<std::uint32_t>();
  end.directory_offset = reader.little_endian<std::uint32_t>();
  if (at < kEnd64LocatorBytes) return end;

  ByteReader locator = reader_at(source, at - kEnd64LocatorBytes);
  if (locator.little_endian<std::uint32_t>() != kEnd64Locator) return end;
  locator.skip(4);
  const auto at64 = locator.little_endian<std::uint64_t>();
  require(at64 <= at && at - at64 >= kEnd64Bytes, "its ZIP64 directory is outside the file");
  ByteReader reader64 = reader_at(source, at64);
  require(reader64.little_endian<std::uint32_t>() == kEnd64, "its ZIP64 directory is damaged");
  reader64.skip(12);
  end.disks = reader64.little_endian<std::uint32_t>();
  end.disks += reader64.little_endian<std::uint32_t>();
  end.entries_here = reader64.little_endian<std::uint64_t>();
  end.entries = reader64.little_endian<std::uint64_t>();
  end.directory_size = reader64.little_endian<std::uint64_t>();
  end.directory_offset = reader64.little_endian<std::uint64_t>();
  return end;
}

// An entry as the directory describes it.
struct Listed {
  std::string name;
  ZipEntry entry;  // `offset` is that of the local header
  std::uint64_t compressed_size = 0;
  std::uint16_t flags = 0;
  std::uint16_t method = 0;
};

// Takes the sizes and the offset that do not fit into 32 bits from the extra field.
void read_extra(ByteReader& reader, std::uint64_t length, Listed& listed) {
  constexpr std::uint64_t kInExtra = 0xffffffff;
  while (length >= 4) {
    const auto kind = reader.little_endian<std::uint16_t>();
    std::uint64_t size = reader.little_endian<std::uint16_t>();
    length -= 4;
    require(size <= length, "the directory entry of '{}' is damaged", printable(listed.name));
    length -= size;
    if (kind == kSizes64Extra) {
      for (std::uint64_t* field :
           {&listed.entry.size, &listed.compressed_size, &listed.entry.offset}) {
        if (*field != kInExtra || size < 8) continue;
        *field = reader.little_endian<std::uint64_t>();
        size -= 8;
      }
    }
    reader.skip(size);
  }
  reader.skip(length);
}

Listed read_listed(ByteReader& reader) {
  require(reader.little_endian<std::uint32_t>() == kDirectoryHeader,
          "its ZIP directory is damaged");
  Listed listed;
  reader.skip(4);
  listed.flags = reader.little_endian<std::uint16_t>();
  listed.method = reader.little_endian<std::uint16_t>();
  reader.skip(4);
  listed.entry.crc32 = reader.little_endian<std::uint32_t>();
  listed.compressed_size = reader.little_endian<std::uint32_t>();
  listed.entry.size = reader.little_endian<std::uint32_t>();
  const auto name_length = reader.little_endian<std::uint16_t>();
  const auto extra_length = reader.little_endian<std::uint16_t>();
  const auto comment_length = reader.little_endian<std::uint16_t>();
  reader.skip(8);
  listed.entry.offset = reader.little_endian<std::uint32_t>();
  listed.name = reader.text(name_length);
  read_extra(reader, extra_length, listed);
  reader.skip(comment_length);
  return listed;
}

// The offset of the entry's bytes, from its local header.
std::uint64_t data_offset(const SharedSource& source, const Listed& listed) {
  ByteReader reader = reader_at(source, listed.entry.offset);
  require(reader.little_endian<std::uint32_t>() == kLocalHeader,
          "the entry '{}' is not where the ZIP directory says", printable(listed.name));
  reader.skip(22);
  const auto name_length = reader.little_endian<std::uint16_t>();
  const auto extra_length = reader.little_endian<std::uint16_t>();
  require(reader.text(name_length) == listed.name,
          "the entry '{}' has another name than in the ZIP directory", printable(listed.name));
  return listed.entry.offset + kLocalHeaderBytes + name_length + extra_length;
}

std::uint32_t checksum(const ByteSource& source) {
  uLong crc = crc32(0, nullptr, 0);
  for_each_block(source, [&](std::span<const std::byte> block) {
    crc = crc32(crc, reinterpret_cast<const Bytef*>(block.data()), static_cast<uInt>(block.size()));
  });
  return static_cast<std::uint32_t>(crc);
}

}  // namespace

ZipArchive::ZipArchive(SharedSource source) : source_(std::move(source)) {
  const End end = read_end(source_);
  require(end.disks == 0 && end.entries == end.entries_here,
          "it is one part of a split ZIP archive");
  require(end.entries <= kMostEntries && end.entries <= end.directory_size / kDirectoryHeaderBytes,
          "its ZIP directory claims {} entries in {} bytes", end.entries, end.directory_size);
  ByteReader reader(window(source_, end.directory_offset, end.directory_size));

  std::vector<std::pair<std::uint64_t, std::uint64_t>> extents;  // begin and end of each entry
  for (std::uint64_t i = 0; i < end.entries; ++i) {
    Listed listed = read_listed(reader);
    require_inside(listed.name);
    require((listed.flags & kEncrypted) == 0, "the entry '{}' is encrypted",
            printable(listed.name));
    listed.entry.compressed = listed.method != 0 || listed.compressed_size != listed.entry.size;
    const std::uint64_t begin = listed.entry.offset;
    listed.entry.offset = data_offset(source_, listed);
    window(source_, listed.entry.offset, listed.compressed_size);
    extents.emplace_back(begin, listed.entry.offset + listed.compressed_size);
    require(entries_.emplace(listed.name, listed.entry).second,
            "the ZIP archive holds the entry '{}' twice", printable(listed.name));
  }
  std::sort(extents.begin(), extents.end());
  for (std::size_t i = 1; i < extents.size(); ++i) {
    require(extents[i].first >= extents[i - 1].second,
            "two entries of the ZIP archive overlap at byte {}", extents[i].first);
  }
}

const ZipEntry* ZipArchive::find(const std::string& name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : &found->second;
}

SharedSource ZipArchive::open(const std::string& name) const {
  const ZipEntry* entry = find(name);
  require(entry != nullptr, "the ZIP archive holds no entry '{}'", printable(name));
  require(
      !entry->compressed,
      "the entry '{}' is compressed, but torch.save stores entries as they are (was it unpacked "
      "and packed again?)",
      printable(name));
  SharedSource bytes = window(source_, entry->offset, entry->size);
  require(checksum(*bytes) == entry->crc32,
          "the checksum of the entry '{}' is wrong (the file is damaged)", printable(name));
  return bytes;
}

}  // namespace odin::pytorch
