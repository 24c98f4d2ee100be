// Files that are given where weights are needed, and are none.
#include "weights/files/file_kind.h"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "kernels/error.h"
#include "tests/support/bytes.h"
#include "tests/support/error_of.h"
#include "tests/support/support.h"

namespace odin {
namespace {

using test::bytes;
using test::source_of;

std::string kind_of(const std::string& content) {
  return recognise_other_file(*source_of(content)).value_or("not known");
}

std::string text_in(const std::string& content) {
  return recognise_text(*source_of(content)).value_or("no text");
}

TEST_CASE("A file that is no checkpoint is named, with what to do about it") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 4\n",
       "a Git LFS pointer, not the file that it stands for: run 'git lfs pull'"},
      {"<!DOCTYPE html><html><head><title>Google Drive - Virus scan warning</title>",
       "a web page with the title 'Google Drive - Virus scan warning', saved in place of the file: "
       "download it again"},
      {"\xef\xbb\xbf\r\n <HTML lang='en'>", "a web page, saved in place of the file"},
      {"<head><title>Sign in</title></head>", "a web page with the title 'Sign in'"},
      {"<!-- c --><html>", "a web page, saved in place of the file: download it again"},
      {"<!-- a -->\n<!-- b -->\n<!doctype html>", "a web page"},
      {"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>",
       "XML, not weights, and begins '<?xml version"},
      {"{\"error\": \"not found\"}\n",
       "JSON, not weights, and begins '{\"error\": \"not found\"}': if that is a server's message, "
       "download the file again"},
      {"[{\"message\": 1}]", "JSON, not weights"},
      {"{\n  \"architectures\": []}", "JSON, not weights"},
      {bytes("\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X"), "an AppleDouble file"},
      {bytes("\xfd"
             "7zXZ\x00\x00\x04"),
       "compressed with xz: unpack it first, with 'xz --decompress'"},
      {"BZh91AY&SY", "compressed with bzip2: unpack it first, with 'bunzip2'"},
      {bytes("\x28\xb5\x2f\xfd\x04\x00"), "compressed with Zstandard"},
      {bytes("7z\xbc\xaf\x27\x1c\x00\x04"), "a 7z archive"},
      {bytes("Rar!\x1a\x07\x01\x00"), "a RAR archive"},
      {bytes("\x93NUMPY\x01\x00"), "a single NumPy array (.npy)"},
      {bytes("\x04\x00\x00\x00\x01\x00\x00\x00\x03\x00\x00\x00V 1\x0d\x00\x00\x00nn.Sequential"),
       "a file of Lua Torch (.t7)"},
      {bytes("\x03\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00\x05\x00\x00\x00"
             "model"),
       "a file of Lua Torch (.t7)"},
      {"4\n1\n3\nV 1\n13\nnn.Sequential\n", "a file of Lua Torch (.t7)"},
      // ir_version 6, producer "pytorch" 1.10, then the graph.
      {bytes("\x08\x06\x12\x07pytorch\x1a\x04"
             "1.10:\x90\x01"),
       "an ONNX model"},
      {bytes("\x08\x03\x3a\x05hello"), "an ONNX model"},
      {bytes("\x89PNG\r\n\x1a\n\x00\x00"), "an image, not a network"},
      {bytes("\xff\xd8\xff\xe0\x00\x10JFIF"), "an image, not a network"},
      {"GIF89a", "an image, not a network"},
      {bytes("RIFF\x10\x00\x00\x00WEBPVP8"), "an image, not a network"},
      {"%PDF-1.5\n", "a PDF document"},
      {bytes("\x7f"
             "ELF\x02\x01"),
       "a program or a library, not a network"},
      {bytes("MZ\x90\x00\x03"), "a program or a library"},
      {bytes("\xff\xfeh\x00i\x00"), "text in UTF-16"},
      {bytes("\xfe\xff\x00h\x00i"), "text in UTF-16"},
      {bytes("GGUF\x03\x00\x00\x00"), "a GGUF model"},
      {std::string(5000, '\0'),
       "it begins with 1024 bytes of zero, as a file does whose download was not finished: "
       "download "
       "it again"},
      {std::string(3, '\0'), "it begins with 3 bytes of zero"},
      {bytes("\x00\x00\x00\x00\x00\x00\x00\x40{\"w\": {"),
       "a safetensors file whose header's length is wrong, so it is damaged: download it again"},
      {bytes("\x40\x00\x00\x00\x00\x00\x00\x00{\"w\": {"), "not known"},
      {test::zip({{"arr_0.npy", "x"}}), "a NumPy archive (.npz), not a network"},
      {test::zip({{"m/data.pkl", "N."}, {"m/constants.pkl", "N."}}), "a TorchScript archive"},
      {test::zip({{"m/data.pkl", "N."}}), "not known"},
      {"", "not known"},
      {"hello", "not known"},
      {"{]", "not known"},
      {"ccollections\nOrderedDict\n", "not known"},
      {bytes("\x80\x02}q\x00."), "not known"},
      {bytes("PK\x03\x04"), "not known"},
      {bytes("\x03\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x09\x00\x00\x00"), "not known"},
      {bytes("\x08\x00\x12\x07"), "not known"},
  };
  for (const auto& [content, sentence] : cases) {
    CAPTURE(sentence);
    const std::string kind = kind_of(content);
    CHECK_MESSAGE(kind.find(sentence) != std::string::npos, kind);
  }
}

TEST_CASE("A file named .safetensors that begins as none does is damaged") {
  const auto named = [](const char* name, const std::string& content) {
    return recognise_by_name(name, *source_of(content)).has_value();
  };
  const std::string content = bytes("\x01\x02\x03\x00\xff\x00\x00\x00[");
  CHECK(named("net.safetensors", content));
  CHECK_FALSE(named("net.pth", content));
  for (const std::string& other :
       {std::string(), bytes("\x02\x00\x00\x00\x00\x00\x00\x00{}"), bytes("\x89PNG\r\n\x1a\n"),
        bytes("\x89HDF\r\n\x1a\n"), std::string("hello"), bytes("PK\x03\x04")}) {
    CHECK_FALSE(named("net.safetensors", other));
  }
}

TEST_CASE("Text is quoted by its first line, and other bytes are no text") {
  CHECK(text_in("hello,\tworld\nmore") == "it is text, which begins 'hello,\\x09world'");
  CHECK(text_in("caf\xc3\xa9") == "it is text, which begins 'caf\xc3\xa9'");
  CHECK(text_in("caf\xe9") == "no text");
  CHECK(text_in(bytes("a\0b")) == "no text");
  CHECK(text_in("\x1b[2J") == "no text");
  CHECK(text_in("") == "no text");
  // The 1024 bytes that are looked at end within a character.
  std::string accents = "x";
  for (int i = 0; i < 2000; ++i) accents += "\xc3\xa9";
  CHECK(text_in(accents).starts_with("it is text, which begins 'x\xc3\xa9\xc3\xa9"));
}

std::string folder_error(const std::filesystem::path& path) {
  return test::error_of(require_no_folder, path);
}

TEST_CASE("For a folder, the file inside it is named") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path().string();
  const std::string start = "'" + path + "' is a folder, where a file is needed";
  CHECK(folder_error(folder.path()) == start);
  test::write_bytes(folder / "README.md", "");
  test::write_bytes(folder / "._net.pth", "");
  CHECK(folder_error(folder.path()) == start);
  test::write_bytes(folder / "model.safetensors", "");
  CHECK(folder_error(folder.path()) ==
        start + ": give the file '" + path + "/model.safetensors' inside it");
  test::write_bytes(folder / "a.PTH", "");
  CHECK(folder_error(folder.path()) ==
        start + ": give one of the 2 files inside it, such as '" + path + "/a.PTH'");
  test::write_bytes(folder / "data.pkl", "");
  CHECK(folder_error(folder.path()).starts_with(start + ": it is an unpacked file of PyTorch"));
  CHECK(folder_error(folder / "README.md") == test::kNoError);
  CHECK(folder_error(folder / "absent") == test::kNoError);
}

}  // namespace
}  // namespace odin
