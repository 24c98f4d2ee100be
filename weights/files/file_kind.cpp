#include "weights/files/file_kind.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "kernels/error.h"
#include "weights/files/lower_case.h"
#include "weights/files/printable.h"
#include "weights/files/signatures.h"

namespace odin {
namespace {

namespace fs = std::filesystem;
using namespace std::string_view_literals;

constexpr std::size_t kMostBegin = 1024;
constexpr std::size_t kMostQuoted = 60;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

std::string begin_of(const ByteSource& file) {
  std::string begin(static_cast<std::size_t>(std::min<std::uint64_t>(file.size(), kMostBegin)),
                    '\0');
  file.read(0, std::as_writable_bytes(std::span(begin)));
  return begin;
}

constexpr std::string_view kLuaTorch =
    "it is a file of Lua Torch (.t7): read it in Python (package torchfile), and save the "
    "network's state_dict() with torch.save";
constexpr std::string_view kImage =
    "it is an image, not a network: give the file that holds the network";
constexpr std::string_view kProgram =
    "it is a program or a library, not a network: give the file that holds the network";
constexpr std::string_view kUtf16 =
    "it is text in UTF-16, not a network: give the file that holds the network";
constexpr std::string_view kOnnx =
    "it is an ONNX model, whose parameters have lost their names: save the state_dict() of the "
    "network that it was exported from with torch.save";

struct Magic {
  std::string_view bytes;
  std::string_view sentence;
};

constexpr Magic kMagics[] = {
    {"version https://git-lfs.github.com/spec/"sv,
     "it is a Git LFS pointer, not the file that it stands for: run 'git lfs pull' in its "
     "repository, or download the file itself"},
    {"\x00\x05\x16\x07"sv,
     "it is an AppleDouble file, which macOS makes beside a file of the same name without '._': "
     "give that file"},
    {"\xfd"
     "7zXZ\x00"sv,
     "it is compressed with xz: unpack it first, with 'xz --decompress'"},
    {"BZh"sv, "it is compressed with bzip2: unpack it first, with 'bunzip2'"},
    {"\x28\xb5\x2f\xfd"sv, "it is compressed with Zstandard: unpack it first, with 'unzstd'"},
    {"7z\xbc\xaf\x27\x1c"sv, "it is a 7z archive: unpack it first"},
    {"Rar!\x1a\x07"sv, "it is a RAR archive: unpack it first"},
    {"\x93NUMPY"sv,
     "it is a single NumPy array (.npy), not a network: save the network's state_dict() with "
     "torch.save"},
    {"\x89PNG\r\n\x1a\n"sv, kImage},
    {"\xff\xd8\xff"sv, kImage},  // JPEG
    {"GIF8"sv, kImage},
    {"%PDF-"sv, "it is a PDF document, not a network: give the file that holds the network"},
    {"\x7f"
     "ELF"sv,
     kProgram},
    {"\xcf\xfa\xed\xfe"sv, kProgram},  // of macOS
    {"MZ\x90\x00"sv, kProgram},        // of Windows
    {"\xff\xfe"sv, kUtf16},
    {"\xfe\xff"sv, kUtf16},
    {"GGUF"sv,
     "it is a GGUF model, as llama.cpp reads it, not a DenseNet or Wide ResNet: give the file that "
     "PyTorch or safetensors saved"},
    // A serialised object of Lua's torch: its kind, index and version, in binary and in text.
    {"\x04\x00\x00\x00\x01\x00\x00\x00\x03\x00\x00\x00V 1"sv, kLuaTorch},
    {"4\n1\n3\nV 1\n"sv, kLuaTorch},
};

std::uint32_t little(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

// A table of Lua's torch in binary: its kind (3), index (1), number of entries, and the kind of the
// first key, which is a number (1) or a string (2).
bool is_lua_table(std::string_view begin) {
  constexpr std::uint32_t kMostEntries = 1 << 24;
  if (begin.size() < 16 || little(begin, 0) != 3 || little(begin, 4) != 1) return false;
  const std::uint32_t entries = little(begin, 8);
  const std::uint32_t key = little(begin, 12);
  return entries > 0 && entries < kMostEntries && (key == 1 || key == 2);
}

// Whether the bytes are fields of ONNX's ModelProto: first its version (field 1, a number), then
// one of the texts, numbers and messages that may follow. No pickle begins with this byte.
bool is_onnx(std::string_view begin) {
  constexpr std::string_view kFields = "\x12\x1a\x22\x28\x32\x3a\x42";
  constexpr char kMostVersion = 0x20;
  return begin.size() >= 4 && begin[0] == 0x08 && begin[1] > 0 && begin[1] < kMostVersion &&
         kFields.find(begin[2]) != std::string_view::npos;
}

bool is_webp(std::string_view begin) {
  return begin.starts_with("RIFF") && begin.size() >= 12 && begin.substr(8, 4) == "WEBP";
}

// Recognises what an unfinished or damaged download of weights looks like.
std::optional<std::string> recognise_damage(std::string_view begin, const ByteSource& file) {
  if (!begin.empty() && begin.find_first_not_of('\0') == std::string_view::npos) {
    return fmt::format(
        "it begins with {} bytes of zero, as a file does whose download was not finished: download "
        "it again",
        begin.size());
  }
  if (begin.size() > 8 && begin.substr(8).starts_with("{\"") && !looks_like_safetensors(file)) {
    return "it is a safetensors file whose header's length is wrong, so it is damaged: download it "
           "again";
  }
  return std::nullopt;
}

// What a ZIP archive is that holds no network that can be converted.
std::optional<std::string> recognise_zip(std::string_view begin, const ByteSource& file) {
  constexpr std::size_t kHeader = 30;
  constexpr std::uint64_t kMostEnd = 1 << 16;
  if (!looks_like_zip(file) || begin.size() < kHeader) return std::nullopt;
  const auto length = static_cast<std::size_t>(little(begin, 26) & 0xffff);
  if (begin.substr(kHeader, length).ends_with(".npy")) {
    return "it is a NumPy archive (.npz), not a network: save the network's state_dict() with "
           "torch.save";
  }
  // The list of the archive's files is at its end.
  std::string end(static_cast<std::size_t>(std::min(file.size(), kMostEnd)), '\0');
  file.read(file.size() - end.size(), std::as_writable_bytes(std::span(end)));
  if (end.find("/constants.pkl") == std::string::npos) return std::nullopt;
  return "it is a TorchScript archive: load it in PyTorch and save its state_dict() with "
         "torch.save";
}

std::string_view without_leading_space(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  return text;
}

std::string quote(std::string_view text) {
  return printable(text, kMostQuoted, Characters::kUtf8);
}

// The title of a page, as it stands between its tags, or nothing.
std::string title_of(std::string_view page) {
  const std::string tags = lower_case(page);
  std::size_t begin = tags.find("<title");
  if (begin == std::string::npos) return "";
  begin = tags.find('>', begin);
  const std::size_t end = tags.find("</title", begin);
  if (begin == std::string::npos || end == std::string::npos) return "";
  return std::string(without_leading_space(page.substr(begin + 1, end - begin - 1)));
}

constexpr std::string_view kPageTags[] = {"<!doctype html", "<html",   "<head", "<body",
                                          "<title",         "<script", "<meta"};

std::string_view without_comments(std::string_view page) {
  constexpr std::string_view kEnd = "-->";
  while (page.starts_with("<!--")) {
    const std::size_t end = page.find(kEnd);
    if (end == std::string_view::npos) break;
    page = without_leading_space(page.substr(end + kEnd.size()));
  }
  return page;
}

// Text that a server sent in place of the file that was asked for.
std::optional<std::string> recognise_answer(std::string_view begin) {
  const std::string_view text = without_leading_space(begin);
  const std::string tags = lower_case(without_comments(text).substr(0, 64));
  if (std::ranges::any_of(kPageTags, [&](std::string_view tag) { return tags.starts_with(tag); })) {
    const std::string title = title_of(text);
    return fmt::format(
        "it is a web page{}, saved in place of the file: download it again (does the address need "
        "a login, or lead to a page around the file?)",
        title.empty() ? "" : fmt::format(" with the title '{}'", quote(title)));
  }
  const bool is_xml = tags.starts_with("<?xml") || tags.starts_with("<error");
  // No pickle begins with an opening bracket.
  const std::string_view after = text.empty() ? text : without_leading_space(text.substr(1));
  const bool is_json =
      (text.starts_with('{') && (after.starts_with('"') || after.starts_with('}'))) ||
      (text.starts_with('[') && (after.starts_with('{') || after.starts_with('"')));
  if (!is_xml && !is_json) return std::nullopt;
  return fmt::format(
      "it is {}, not weights, and begins '{}': if that is a server's message, download the file "
      "again",
      is_xml ? "XML" : "JSON", quote(text.substr(0, text.find('\n'))));
}

bool looks_like_weights(const fs::path& file) {
  static constexpr std::array kEndings = {".safetensors", ".pth", ".pt", ".bin", ".ckpt",
                                          ".pkl",         ".tar", ".gz", ".tgz", ".h5"};
  const std::string ending = lower_case(file.extension().string());
  return std::ranges::find(kEndings, ending) != kEndings.end() &&
         !file.filename().string().starts_with('.');
}

}  // namespace

std::optional<std::string> recognise_other_file(const ByteSource& file) {
  const std::string begin = begin_of(file);
  for (const Magic& magic : kMagics) {
    if (begin.starts_with(magic.bytes)) return std::string(magic.sentence);
  }
  if (is_lua_table(begin)) return std::string(kLuaTorch);
  if (is_onnx(begin)) return std::string(kOnnx);
  if (is_webp(begin)) return std::string(kImage);
  if (auto damage = recognise_damage(begin, file)) return damage;
  if (auto archive = recognise_zip(begin, file)) return archive;
  return recognise_answer(begin);
}

bool looks_convertible(const ByteSource& file) {
  constexpr char kProto = '\x80';  // of a pickle
  constexpr std::size_t kTarMagic = 257;
  const std::string begin = begin_of(file);
  const std::string_view view = begin;
  return looks_like_zip(file) || looks_like_gzip(file) || looks_like_safetensors(file) ||
         view.starts_with(kProto) ||
         (view.size() > kTarMagic && view.substr(kTarMagic).starts_with("ustar"));
}

std::optional<std::string> recognise_by_name(const fs::path& path, const ByteSource& file) {
  if (file.size() == 0 || lower_case(path.extension().string()) != ".safetensors" ||
      looks_like_hdf5(file) || looks_convertible(file) || recognise_other_file(file) ||
      recognise_text(file)) {
    return std::nullopt;
  }
  return "it is named .safetensors, but does not begin as such a file does, so it is damaged: "
         "download it again";
}

std::optional<std::string> recognise_text(const ByteSource& file) {
  std::string begin = begin_of(file);
  if (begin.size() < file.size()) {  // the last character may be cut in two
    while (!begin.empty() && (begin.back() & 0xc0) == 0x80) begin.pop_back();
    if (!begin.empty() && (begin.back() & 0x80) != 0) begin.pop_back();
  }
  const auto is_space = [](unsigned char c) { return c >= '\t' && c <= '\r'; };
  std::string line = begin;
  std::ranges::replace_if(line, is_space, ' ');
  if (line.empty() || printable(line, line.size(), Characters::kUtf8) != line) return std::nullopt;
  const std::string_view text = without_leading_space(begin);
  return fmt::format("it is text, which begins '{}'", quote(text.substr(0, text.find('\n'))));
}

void require_no_folder(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) return;
  std::vector<std::string> files;
  for (fs::directory_iterator entry(path, ignored), end; !ignored && entry != end;
       entry.increment(ignored)) {
    std::error_code unknown;
    if (entry->is_regular_file(unknown) && looks_like_weights(entry->path())) {
      files.push_back(entry->path().string());
    }
  }
  std::ranges::sort(files);
  std::string hint;
  if (fs::exists(path / "data.pkl", ignored)) {
    hint = ": it is an unpacked file of PyTorch; give the file that it was unpacked from";
  } else if (files.size() == 1) {
    hint = fmt::format(": give the file '{}' inside it", files.front());
  } else if (!files.empty()) {
    hint = fmt::format(": give one of the {} files inside it, such as '{}'", files.size(),
                       files.front());
  }
  fail("'{}' is a folder, where a file is needed{}", path.string(), hint);
}

}  // namespace odin
