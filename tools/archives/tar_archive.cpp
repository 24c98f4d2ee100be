#include "tools/archives/tar_archive.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "kernels/error.h"
#include "kernels/parse_number.h"
#include "tools/archives/entry_name.h"

// The fields are those of POSIX.1-2001, "ustar Interchange Format" and "pax Header Block".
namespace odin::pytorch {
namespace {

constexpr std::uint64_t kBlock = 512;
constexpr std::uint64_t kMostExtended = std::uint64_t{1} << 20;
constexpr std::size_t kMostMembers = 100000;

using Header = std::array<char, kBlock>;

std::string_view field(const Header& header, std::size_t offset, std::size_t length) {
  const std::string_view whole(header.data() + offset, length);
  return whole.substr(0, whole.find('\0'));
}

// An octal number between blanks, or GNU's base 256 if the first byte says so.
std::optional<std::uint64_t> number(const Header& header, std::size_t offset, std::size_t length) {
  const auto first = static_cast<unsigned char>(header[offset]);
  if (first == 0x80) {
    std::uint64_t value = 0;
    for (std::size_t i = offset + 1; i < offset + length; ++i) {
      if (value >> 55 != 0) return std::nullopt;
      value = value << 8 | static_cast<unsigned char>(header[i]);
    }
    return value;
  }
  std::string_view text = field(header, offset, length);
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  text = text.substr(0, text.find(' '));
  return whole_text_as<std::uint64_t>(text, 8);
}

bool is_zero(const Header& header) {
  return std::string_view(header.data(), header.size()).find_first_not_of('\0') ==
         std::string_view::npos;
}

bool checksum_is_right(const Header& header) {
  constexpr std::size_t kAt = 148;
  constexpr std::size_t kLength = 8;
  std::uint64_t sum = kLength * ' ';
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (i < kAt || i >= kAt + kLength) sum += static_cast<unsigned char>(header[i]);
  }
  return number(header, kAt, kLength) == sum;
}

Header read_header(const ByteSource& source, std::uint64_t offset) {
  Header header;
  source.read(offset, std::as_writable_bytes(std::span(header)));
  return header;
}

// What an extended header says about the file after it.
struct Extended {
  std::optional<std::string> name;
  std::optional<std::uint64_t> size;
};

// Records "LENGTH KEY=VALUE\n", LENGTH counting the whole record.
void read_pax(std::string_view text, Extended& extended) {
  constexpr const char* kDamaged = "an extended header of its TAR archive is damaged";
  while (!text.empty() && text.front() != '\0') {
    std::size_t length = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    const auto digits = static_cast<std::size_t>(stop - text.data());
    require(error == std::errc() && length > digits + 1 && length <= text.size() &&
                text[digits] == ' ' && text[length - 1] == '\n',
            kDamaged);
    const std::string_view record = text.substr(digits + 1, length - digits - 2);
    const std::size_t equals = record.find('=');
    require(equals != std::string_view::npos, kDamaged);
    const std::string_view value = record.substr(equals + 1);
    if (record.substr(0, equals) == "path") extended.name = std::string(value);
    if (record.substr(0, equals) == "size") {
      extended.size = whole_text_as<std::uint64_t>(value);
      require(extended.size.has_value(), kDamaged);
    }
    text.remove_prefix(length);
  }
}

std::string text_of(const ByteSource& source) {
  require(source.size() <= kMostExtended, "its TAR archive has an extended header of {} bytes",
          source.size());
  std::string text(static_cast<std::size_t>(source.size()), '\0');
  source.read(0, std::as_writable_bytes(std::span(text)));
  return text;
}

std::string name_in(const Header& header) {
  const std::string_view prefix = field(header, 345, 155);
  const std::string_view name = field(header, 0, 100);
  const bool has_prefix = field(header, 257, 6) == "ustar" && !prefix.empty();
  return has_prefix ? fmt::format("{}/{}", prefix, name) : std::string(name);
}

}  // namespace

bool looks_like_tar(const ByteSource& source) {
  if (source.size() < kBlock) return false;
  const Header header = read_header(source, 0);
  return !is_zero(header) && checksum_is_right(header);
}

std::vector<TarMember> read_tar(const SharedSource& source) {
  std::vector<TarMember> members;
  Extended extended;
  std::uint64_t offset = 0;
  for (std::size_t count = 0; offset < source->size(); ++count) {
    const Header header = read_header(*source, offset);
    offset += kBlock;
    if (is_zero(header)) break;
    require(checksum_is_right(header), "its TAR archive is damaged at byte {}", offset - kBlock);
    require(count < kMostMembers, "its TAR archive holds more than {} files", kMostMembers);

    const char kind = header[156];
    const bool is_extended = kind == 'x' || kind == 'g' || kind == 'L' || kind == 'K';
    const auto own_size = number(header, 124, 12);
    require(own_size.has_value(), "its TAR archive is damaged at byte {}", offset - kBlock);
    const std::uint64_t size = is_extended ? *own_size : extended.size.value_or(*own_size);
    SharedSource bytes = window(source, offset, size);
    const std::uint64_t padded = size + (kBlock - size % kBlock) % kBlock;
    // The padding after the last file is not needed.
    offset += std::min(padded, source->size() - offset);

    if (kind == 'x') {
      read_pax(text_of(*bytes), extended);
    } else if (kind == 'L') {
      extended.name = text_of(*bytes).c_str();  // what is before the first NUL
    } else if (!is_extended) {
      std::string name = extended.name.value_or(name_in(header));
      extended = {};
      while (name.starts_with("./")) name.erase(0, 2);
      if (kind != '0' && kind != '\0') continue;  // a folder, a link or a device
      require_inside(name);
      members.push_back({std::move(name), std::move(bytes)});
    }
  }
  return members;
}

}  // namespace odin::pytorch
