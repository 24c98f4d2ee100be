#include "eval/report/columns.h"

#include <algorithm>
#include <cstddef>
#include <span>

#include "weights/files/utf8.h"

namespace odin {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// Unicode's combining marks of European scripts, and what takes no column.
constexpr Range kZeroWidth[] = {
    {0x0300, 0x036f}, {0x200b, 0x200f}, {0x20d0, 0x20f0}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}};
// East Asian Width W and F, in blocks.
constexpr Range kWide[] = {{0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0xa4cf},
                           {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},
                           {0xff00, 0xff60},   {0xffe0, 0xffe6},   {0x1f300, 0x1f64f},
                           {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};

struct Character {
  std::size_t bytes;
  int columns;
};

// The character at the beginning of `text`, which is not empty.
Character first_of(std::string_view text) {
  const Utf8Character first = first_character(text);
  if (first.bytes == 0) return {1, 1};
  const auto is_in = [&](std::span<const Range> ranges) {
    return std::ranges::any_of(ranges, [&](const Range& range) {
      return first.code >= range.first && first.code <= range.last;
    });
  };
  return {first.bytes, is_in(kZeroWidth) ? 0 : is_in(kWide) ? 2 : 1};
}

// The longest beginning that takes at most `columns`.
std::string_view beginning(std::string_view text, int columns) {
  std::size_t end = 0;
  while (end < text.size()) {
    const Character next = first_of(text.substr(end));
    if (next.columns > columns) break;
    columns -= next.columns;
    end += next.bytes;
  }
  return text.substr(0, end);
}

}  // namespace

int columns_of(std::string_view text) {
  int columns = 0;
  while (!text.empty()) {
    const Character next = first_of(text);
    columns += next.columns;
    text.remove_prefix(next.bytes);
  }
  return columns;
}

std::string cut_to_columns(std::string_view text, int columns) {
  constexpr std::string_view kMark = "...";
  constexpr int kMarkColumns = 3;
  if (columns_of(text) <= columns) return std::string(text);
  if (columns < kMarkColumns) return std::string(beginning(text, columns));
  return std::string(beginning(text, columns - kMarkColumns)).append(kMark);
}

std::string wrapped(std::string_view text, int columns, int indent) {
  std::string lines;
  int used = 0;  // columns of the last line
  bool begun = false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const int width = columns_of(word);
    if (begun && used + 1 + width > columns) {
      lines.append("\n").append(static_cast<std::size_t>(indent), ' ');
      used = indent;
    } else if (begun) {
      lines += ' ';
      ++used;
    }
    lines += word;
    used += width;
    begun = true;
  }
  return lines;
}

std::vector<std::string> broken_to_columns(std::string_view text, int columns) {
  const std::string lines = wrapped(text, columns, 0);
  std::vector<std::string> broken;
  std::string_view rest = lines;
  do {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    do {
      std::string_view part = beginning(line, columns);
      // A character that is wider than the columns has a line of its own.
      if (part.empty() && !line.empty()) part = line.substr(0, first_of(line).bytes);
      broken.emplace_back(part);
      line.remove_prefix(part.size());
    } while (!line.empty());
  } while (!rest.empty());
  return broken;
}

}  // namespace odin
