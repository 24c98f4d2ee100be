#include "eval/data/arrays/mat_layout.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <new>
#include <string_view>
#include <vector>

#include <zlib.h>

#include "kernels/error.h"
#include "weights/files/byte_source.h"
#include "weights/files/file_kind.h"
#include "weights/files/signatures.h"

namespace odin {
namespace {

constexpr std::int64_t kFileHeader = 128;
constexpr std::int64_t kTag = 8;  // type and length of an element
constexpr std::size_t kBlock = 1 << 18;
constexpr std::int64_t kMostUnpacked = std::int64_t{4} << 30;

// Types of elements, and the classes of arrays from double to uint64.
constexpr std::uint32_t kMatrix = 14;
constexpr std::uint32_t kCompressed = 15;
constexpr std::uint32_t kFlags = 6;
constexpr std::uint32_t kFirstNumeric = 6;
constexpr std::uint32_t kLastNumeric = 15;
constexpr std::uint32_t kComplex = 0x800;

constexpr std::size_t kDimensionsTag = 24;
constexpr std::uint32_t kMostDimensions = 8;
constexpr std::uint32_t kMostName = 63;  // MATLAB's limit

// The tag of a variable, its flags and dimensions, and the tag of its name.
using Begin = std::array<std::byte, kDimensionsTag + kTag + 4 * kMostDimensions + kTag>;

std::uint32_t number_at(const std::byte* at, bool big_endian) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    value = value << 8 | static_cast<std::uint32_t>(at[big_endian ? i : 3 - i]);
  }
  return value;
}

// Whether numbers are stored with the most significant byte first.
bool read_file_header(const InputFile& file) {
  std::array<char, kFileHeader> header{};
  const std::size_t count = file.read_some(0, header.data(), header.size());
  const std::string_view text(header.data(), count);
  require(count > 0, "it is empty");
  const bool is_hdf5 = looks_like_hdf5(*in_file(file.duplicate()));
  require(!is_hdf5 && !text.starts_with("MATLAB 7.3"),
          "it is of MATLAB's version 7.3 (HDF5), where version 5 is needed: save it with "
          "save(FILE, 'X', 'y', '-v7')");
  if (count == header.size()) {
    const std::string_view order = text.substr(126);
    const std::string_view version = text.substr(124, 2);
    if (order == "IM" && version == std::string_view("\0\1", 2)) return false;
    if (order == "MI" && version == std::string_view("\1\0", 2)) return true;
  }
  if (text.starts_with("MATLAB 5")) fail("its header is damaged or cut: download it again");
  const SharedSource bytes = in_file(file.duplicate());
  if (const auto other = recognise_other_file(*bytes)) fail("{}", *other);
  fail(
      "it is not a file of MATLAB's version 5 (it may be of version 4): save it with save(FILE, "
      "'X', 'y', '-v7')");
}

// Checks the beginning of a variable that takes `bytes` in all.
void check_variable(const Begin& begin, std::int64_t bytes, bool big_endian) {
  const auto number = [&](std::size_t offset) { return number_at(&begin[offset], big_endian); };
  constexpr std::int64_t kLeast = 48;  // with two dimensions and a short name
  require(bytes >= kLeast && number(0) == kMatrix && number(4) <= bytes - kTag &&
              number(8) == kFlags && number(12) == kTag,
          "a variable of it has no array in it: it is damaged");
  const std::uint32_t array_class = number(16) & 0xff;
  require(
      array_class >= kFirstNumeric && array_class <= kLastNumeric && (number(16) & kComplex) == 0,
      "it holds a variable that is no array of real numbers, where only X and y are expected");
  // The library takes as much memory as these two lengths say.
  const std::uint32_t dimensions = number(kDimensionsTag + 4);
  require(dimensions <= 4 * kMostDimensions, "a variable of it has more than {} dimensions",
          kMostDimensions);
  const std::size_t name_tag = kDimensionsTag + kTag + (dimensions + 7) / 8 * 8;
  const bool is_short = number(name_tag) >> 16 != 0;  // the length and up to four characters
  const std::uint32_t name = is_short ? number(name_tag) >> 16 : number(name_tag + 4);
  require(name <= (is_short ? 4 : kMostName),
          "a variable of it has a name of {} characters: it is damaged", name);
}

class Inflate {
 public:
  Inflate() {
    if (inflateInit(&stream_) != Z_OK) throw std::bad_alloc();
  }
  ~Inflate() { inflateEnd(&stream_); }
  Inflate(const Inflate&) = delete;
  Inflate& operator=(const Inflate&) = delete;

  // Unpacks `count` bytes of `file` from `offset`, copies the beginning, and returns the number of
  // bytes. Throws Error if they are damaged or unpack to more than `most`.
  std::int64_t unpack(const InputFile& file, std::int64_t offset, std::int64_t count,
                      std::int64_t most, Begin& begin) {
    std::vector<std::byte> packed(kBlock);
    std::vector<std::byte> plain(kBlock);
    std::int64_t total = 0;
    int status = Z_OK;
    while (status != Z_STREAM_END) {
      if (stream_.avail_in == 0 && count > 0) {
        const auto part = static_cast<std::size_t>(std::min<std::int64_t>(count, kBlock));
        file.read(offset, packed.data(), part);
        offset += static_cast<std::int64_t>(part);
        count -= static_cast<std::int64_t>(part);
        stream_.next_in = reinterpret_cast<Bytef*>(packed.data());
        stream_.avail_in = static_cast<uInt>(part);
      }
      stream_.next_out = reinterpret_cast<Bytef*>(plain.data());
      stream_.avail_out = static_cast<uInt>(plain.size());
      status = inflate(&stream_, Z_NO_FLUSH);
      require(status == Z_OK || status == Z_STREAM_END,
              "a compressed variable of it is damaged ({}): download it again",
              stream_.msg != nullptr ? stream_.msg : "it ends too early");
      const auto got = static_cast<std::int64_t>(plain.size() - stream_.avail_out);
      if (total < std::ssize(begin)) {
        std::copy_n(plain.begin(), std::min(got, std::ssize(begin) - total), begin.begin() + total);
      }
      total += got;
      require(total <= most, "its variables unpack to more than {} bytes", kMostUnpacked);
    }
    return total;
  }

 private:
  z_stream stream_{};
};

}  // namespace

MatLayout check_mat_layout(const InputFile& file) {
  const bool big_endian = read_file_header(file);
  MatLayout layout;
  for (std::int64_t at = kFileHeader; at < file.size();) {
    std::array<std::byte, kTag> tag{};
    const std::size_t got = file.read_some(at, tag.data(), tag.size());
    const std::uint32_t type = number_at(tag.data(), big_endian);
    const std::int64_t bytes = number_at(&tag[4], big_endian);
    require(got == tag.size() && bytes <= file.size() - at - kTag,
            "it ends within a variable: download it again");
    require(type == kMatrix || type == kCompressed,
            "it has an element of type {} at byte {}, where a variable is expected: it is damaged",
            type, at);
    Begin begin{};
    std::int64_t unpacked = kTag + bytes;
    if (type == kCompressed) {
      unpacked = Inflate().unpack(file, at + kTag, bytes, kMostUnpacked - layout.unpacked, begin);
    } else {
      file.read_some(at, begin.data(), begin.size());
    }
    check_variable(begin, unpacked, big_endian);
    layout.largest = std::max(layout.largest, unpacked);
    layout.unpacked += unpacked;
    require(layout.unpacked <= kMostUnpacked, "its variables take more than {} bytes",
            kMostUnpacked);
    at += kTag + bytes;
  }
  require(layout.unpacked > 0, "it holds no variable");
  return layout;
}

}  // namespace odin
