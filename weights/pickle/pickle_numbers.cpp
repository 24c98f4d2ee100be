#include "weights/pickle/pickle_numbers.h"

#include <bit>
#include <charconv>
#include <cstdint>
#include <optional>

#include "kernels/error.h"
#include "kernels/parse_number.h"
#include "weights/files/printable.h"

namespace odin {
namespace {

// The longest integer of a checkpoint, the magic number, has 24. More are an attack: their
// conversion takes the square of their number.
constexpr std::size_t kMostDigits = 100;

std::optional<unsigned> digits(std::string_view text, std::size_t count, int base) {
  if (text.size() < count) return std::nullopt;
  return whole_text_as<unsigned>(text.substr(0, count), base);
}

void append_utf8(std::string& text, unsigned code) {
  const auto tail = [&](int shift) {
    text += static_cast<char>(0x80U | ((code >> shift) & 0x3fU));
  };
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xc0U | (code >> 6));
    tail(0);
  } else if (code < 0x10000) {
    text += static_cast<char>(0xe0U | (code >> 12));
    tail(6);
    tail(0);
  } else {
    require(code <= 0x10ffff, "its pickle holds a string with the impossible character U+{:X}",
            code);
    text += static_cast<char>(0xf0U | (code >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

}  // namespace

PickleInteger integer_from_bytes(std::string_view bytes) {
  const auto redundant = [](std::string_view b) {
    if (b.size() < 2 || (b.back() != '\0' && b.back() != '\xff')) return false;
    const bool sign_below = (static_cast<unsigned char>(b[b.size() - 2]) & 0x80U) != 0;
    return sign_below == (b.back() == '\xff');
  };
  while (redundant(bytes)) bytes.remove_suffix(1);
  if (bytes.size() > 8) return PickleBigInteger{std::string(bytes)};
  std::uint64_t value =
      !bytes.empty() && (static_cast<unsigned char>(bytes.back()) & 0x80U) != 0 ? ~0ULL : 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    value &= ~(0xffULL << (8 * i));
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return static_cast<std::int64_t>(value);
}

PickleInteger integer_from_text(std::string_view text) {
  const std::string_view whole = text;
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  require(!text.empty() && text.size() <= kMostDigits &&
              text.find_first_not_of("0123456789") == std::string_view::npos,
          "its pickle holds '{}' where an integer is expected", printable(whole, 40));
  std::string bytes(1, '\0');
  for (const char digit : text) {
    unsigned carry = static_cast<unsigned>(digit - '0');
    for (char& byte : bytes) {
      carry += 10U * static_cast<unsigned char>(byte);
      byte = static_cast<char>(carry & 0xffU);
      carry >>= 8;
    }
    if (carry != 0) bytes += static_cast<char>(carry);
  }
  bytes += '\0';  // room for the sign
  if (negative) {
    unsigned carry = 1;
    for (char& byte : bytes) {
      carry += static_cast<unsigned char>(~static_cast<unsigned char>(byte));
      byte = static_cast<char>(carry & 0xffU);
      carry >>= 8;
    }
  }
  return integer_from_bytes(bytes);
}

double float_from_bytes(std::string_view bytes) {
  std::uint64_t bits = 0;
  for (const char byte : bytes) bits = bits << 8 | static_cast<unsigned char>(byte);
  return std::bit_cast<double>(bits);
}

double float_from_text(std::string_view text) {
  double value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  require((error == std::errc() || error == std::errc::result_out_of_range) &&
              stop == text.data() + text.size(),
          "its pickle holds '{}' where a number is expected", printable(text, 40));
  return value;
}

std::string unquote(std::string_view literal) {
  require(literal.size() >= 2 && literal.front() == literal.back() &&
              (literal.front() == '\'' || literal.front() == '"'),
          "its pickle holds a string without quotes: {}", printable(literal, 40));
  literal = literal.substr(1, literal.size() - 2);
  std::string result;
  while (!literal.empty()) {
    const char c = literal.front();
    literal.remove_prefix(1);
    if (c != '\\') {
      result += c;
      continue;
    }
    constexpr std::string_view kLetters = "\\'\"nrtabfv";
    constexpr std::string_view kMeanings = "\\'\"\n\r\t\a\b\f\v";
    const std::size_t known = literal.empty() ? std::string_view::npos : kLetters.find(literal[0]);
    if (known != std::string_view::npos) {
      result += kMeanings[known];
      literal.remove_prefix(1);
    } else if (const auto hex =
                   literal.starts_with('x') ? digits(literal.substr(1), 2, 16) : std::nullopt) {
      result += static_cast<char>(*hex);
      literal.remove_prefix(3);
    } else {
      fail("its pickle holds a string with the unknown escape \\{}", printable(literal, 4));
    }
  }
  return result;
}

std::string unescape_unicode(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t count = text.starts_with("\\u") ? 4 : text.starts_with("\\U") ? 8 : 0;
    if (count != 0) {
      const auto code = digits(text.substr(2), count, 16);
      require(code.has_value(), "its pickle holds a string with the unknown escape {}",
              printable(text, 10));
      append_utf8(result, *code);
      text.remove_prefix(2 + count);
    } else {
      append_utf8(result, static_cast<unsigned char>(text.front()));
      text.remove_prefix(1);
    }
  }
  return result;
}

}  // namespace odin
