#include "eval/data/arrays/npy_file.h"

#include <charconv>
#include <string>
#include <string_view>
#include <utility>

#include "kernels/error.h"
#include "weights/files/file_kind.h"
#include "weights/files/printable.h"
#include "weights/files/signatures.h"

namespace odin {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kMostHeader = 1 << 16;
constexpr std::size_t kMostRank = 32;

// Reads the header, which is a dict as Python writes it, such as
// {'descr': '|u1', 'fortran_order': False, 'shape': (50000, 32, 32, 3), }.
class Header {
 public:
  explicit Header(std::string_view text) : text_(text), left_(text) {}

  NumpyArray read() {
    NumpyArray array;
    bool has_type = false;
    bool has_order = false;
    bool has_shape = false;
    expect('{');
    while (!take('}')) {
      const std::string_view key = quoted();
      expect(':');
      if (key == "descr") {
        has_type = read_type(array);
      } else if (key == "fortran_order") {
        array.column_major = truth();
        has_order = true;
      } else if (key == "shape") {
        has_shape = read_shape(array);
      } else {
        damaged();
      }
      if (take(',')) continue;
      expect('}');
      break;
    }
    skip_space();
    if (!left_.empty() || !has_type || !has_order || !has_shape) damaged();
    return array;
  }

 private:
  [[noreturn]] void damaged() const { fail("its header is damaged: {}", printable(text_, 80)); }

  void skip_space() {
    const std::size_t at = left_.find_first_not_of(" \n");
    left_.remove_prefix(at == std::string_view::npos ? left_.size() : at);
  }

  bool take(char c) {
    skip_space();
    if (left_.empty() || left_.front() != c) return false;
    left_.remove_prefix(1);
    return true;
  }

  void expect(char c) {
    if (!take(c)) damaged();
  }

  std::string_view quoted() {
    const char quote = take('\'') ? '\'' : '"';
    if (quote == '"') expect('"');
    const std::size_t end = left_.find(quote);
    if (end == std::string_view::npos) damaged();
    const std::string_view inner = left_.substr(0, end);
    left_.remove_prefix(end + 1);
    return inner;
  }

  bool truth() {
    skip_space();
    for (const bool value : {true, false}) {
      const std::string_view word = value ? "True" : "False";
      if (!left_.starts_with(word)) continue;
      left_.remove_prefix(word.size());
      return value;
    }
    damaged();
  }

  bool read_type(NumpyArray& array) {
    skip_space();
    require(!left_.starts_with('['), "it holds records, where numbers are expected");
    const std::string_view code = quoted();
    constexpr std::string_view kOrders = "<>|=";
    constexpr std::string_view kKinds = "buif";
    const bool is_number = code.size() == 3 && kOrders.find(code[0]) != std::string_view::npos &&
                           kKinds.find(code[1]) != std::string_view::npos &&
                           (code[2] == '1' || code[2] == '2' || code[2] == '4' || code[2] == '8');
    require(is_number, "it holds elements of NumPy's type '{}', where numbers are expected",
            printable(code, 20));
    array.big_endian = code[0] == '>';
    array.kind = code[1];
    array.item_size = static_cast<std::uint64_t>(code[2] - '0');
    return true;
  }

  bool read_shape(NumpyArray& array) {
    array.shape.clear();
    expect('(');
    std::int64_t count = 1;
    while (!take(')')) {
      skip_space();
      std::int64_t extent = 0;
      const auto [end, error] = std::from_chars(left_.data(), left_.data() + left_.size(), extent);
      if (error != std::errc() || extent < 0 || array.shape.size() == kMostRank ||
          __builtin_mul_overflow(count, extent, &count)) {
        damaged();
      }
      left_.remove_prefix(static_cast<std::size_t>(end - left_.data()));
      if (left_.starts_with('L')) left_.remove_prefix(1);  // Python 2's
      array.shape.push_back(extent);
      if (take(',')) continue;
      expect(')');
      break;
    }
    return true;
  }

  std::string_view text_;
  std::string_view left_;
};

}  // namespace

NumpyArray open_npy_file(InputFile file) {
  std::string begin(12, '\0');
  begin.resize(file.read_some(0, begin.data(), begin.size()));
  require(!begin.empty(), "it is empty");
  if (!begin.starts_with(kMagic)) {
    const SharedSource bytes = in_file(file.duplicate());
    require(!looks_like_zip(*bytes),
            "it is an archive, such as .npz: save one array with numpy.save(), and give that file");
    if (const auto other = recognise_other_file(*bytes)) fail("{}", *other);
    fail("it is not a file of numpy.save()");
  }
  // Version 1 has a length of two bytes, the later ones of four.
  const std::size_t fixed = begin.size() > 6 && begin[6] == 1 ? 10 : 12;
  require(begin.size() >= fixed, "it ends within its header: download it again");
  require(begin[6] >= 1 && begin[6] <= 3, "it is of version {} of the format, and 1 to 3 are read",
          static_cast<int>(static_cast<unsigned char>(begin[6])));
  std::size_t length = 0;
  for (std::size_t i = fixed; i > 8; --i) {
    length = length << 8 | static_cast<unsigned char>(begin[i - 1]);
  }
  require(length <= kMostHeader, "its header takes {} bytes, and at most {} are read", length,
          kMostHeader);
  std::string text(length, '\0');
  require(file.read_some(static_cast<std::int64_t>(fixed), text.data(), length) == length,
          "it ends within its header: download it again");
  NumpyArray array = Header(text).read();

  const std::uint64_t offset = fixed + length;
  const auto held = static_cast<std::uint64_t>(file.size()) - offset;
  std::int64_t bytes = 0;
  require(
      !__builtin_mul_overflow(array.count(), static_cast<std::int64_t>(array.item_size), &bytes) &&
          static_cast<std::uint64_t>(bytes) == held,
      "its header says that it holds {} numbers of {} bytes, but {} bytes follow: download it "
      "again",
      fmt::join(array.shape, " x "), array.item_size, held);
  array.bytes = window(in_file(std::move(file)), offset, held);
  return array;
}

}  // namespace odin
