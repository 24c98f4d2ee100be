// The archives that PyTorch's files are, or are packed in: ZIP, TAR and gzip.
#include <functional>
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "kernels/error.h"
#include "tests/support/bytes.h"
#include "tests/support/error_of.h"
#include "tests/support/support.h"
#include "tools/archives/gzip.h"
#include "tools/archives/tar_archive.h"
#include "tools/archives/zip_archive.h"
#include "weights/files/signatures.h"

namespace odin::pytorch {
namespace {

using test::bytes;
using test::contains;
using test::error_of;
using test::Files;
using test::kNoError;
using test::little;
using test::source_of;

const Files kFiles = {{"a/one", "first"}, {"a/two", std::string(1000, 'x')}, {"a/empty", ""}};

std::string content_of(const SharedSource& source) {
  ByteReader reader(source);
  return reader.text(source->size());
}

std::string zip_refusal(const std::string& archive) {
  return error_of([&] {
    const ZipArchive zip(source_of(archive));
    for (const auto& [name, entry] : zip.entries()) zip.open(name);
  });
}

std::string tar_refusal(const std::string& archive) {
  return error_of([&] { read_tar(source_of(archive)); });
}

std::string replaced(std::string text, std::size_t at, const std::string& with) {
  return text.replace(at, with.size(), with);
}

TEST_CASE("A ZIP archive is read, with and without ZIP64") {
  for (const bool zip64 : {false, true}) {
    CAPTURE(zip64);
    const ZipArchive archive(source_of(test::zip(kFiles, zip64)));
    CHECK(archive.entries().size() == kFiles.size());
    for (const auto& [name, content] : kFiles) CHECK(content_of(archive.open(name)) == content);
    CHECK(archive.find("a/three") == nullptr);
    CHECK_THROWS_AS(archive.open("a/three"), Error);
  }
}

TEST_CASE("A ZIP archive may end with a comment") {
  std::string archive = test::zip(kFiles);
  archive = replaced(archive, archive.size() - 2, little(5, 2)) + "hello";
  CHECK(zip_refusal(archive) == kNoError);
  CHECK(contains(zip_refusal(archive + "!"), "without its directory"));
}

TEST_CASE("A ZIP archive that is cut short anywhere is refused") {
  for (const bool zip64 : {false, true}) {
    const std::string archive = test::zip(kFiles, zip64);
    for (std::size_t length = 0; length < archive.size(); ++length) {
      if (zip_refusal(archive.substr(0, length)) == kNoError) FAIL(length);
    }
  }
}

TEST_CASE("A flipped bit in what a ZIP archive holds is found by its checksum") {
  const std::string archive = test::zip({{"a/data.pkl", std::string(64, 'x')}});
  const std::size_t data = archive.find("xxxx");
  for (std::size_t bit = 0; bit < std::size_t{64} * 8; ++bit) {
    std::string damaged = archive;
    damaged[data + bit / 8] = static_cast<char>(damaged[data + bit / 8] ^ (1 << bit % 8));
    CHECK(contains(zip_refusal(damaged), "checksum"));
  }
}

TEST_CASE("Misleading ZIP archives are refused") {
  const std::string archive = test::zip(kFiles);
  const std::size_t directory = archive.find("PK\x01\x02");
  const std::size_t end = archive.find("PK\x05\x06");
  const auto refused = [&](std::size_t at, const std::string& with, const std::string& why) {
    const std::string sentence = zip_refusal(replaced(archive, at, with));
    CHECK_MESSAGE(contains(sentence, why), sentence);
  };
  refused(directory + 8, little(1, 2), "encrypted");
  refused(directory + 10, little(8, 2), "compressed");
  refused(directory + 20, little(4, 4), "compressed");
  refused(directory + 20, little(1 << 20, 4) + little(1 << 20, 4), "cut short");
  refused(directory + 28, little(0xffff, 2), "cut short");
  refused(directory + 28, little(0, 2), "elsewhere");
  refused(directory + 42, little(1, 4), "not where");
  refused(directory + 42, little(0xfffffff0, 4), "cut short");
  refused(directory + 46, "b", "another name");
  refused(end + 4, little(1, 2), "split");
  refused(end + 10, little(2, 2), "split");
  refused(end + 8, little(2000, 2) + little(2000, 2), "2000 entries");
  refused(end + 8, little(4, 2) + little(4, 2), "4 entries");
  refused(end + 12, little(0x7fffffff, 4), "cut short");
  refused(end + 16, little(directory + 1, 4), "damaged");

  for (const char* name : {"../a", "a/../../b", "/etc/passwd", "..", "a\\b", ""}) {
    CAPTURE(name);
    CHECK(contains(zip_refusal(test::zip({{name, "x"}})), "elsewhere"));
  }
  CHECK(contains(zip_refusal(test::zip({{"a", "x"}, {"a", "y"}})), "twice"));
}

TEST_CASE("Entries of a ZIP archive that share bytes are refused: that is how bombs are made") {
  // Both entries of the directory lead to the first file.
  std::string archive = test::zip({{"a", "xx"}, {"a", "xx"}});
  const std::size_t second = archive.rfind("PK\x01\x02");
  archive = replaced(archive, second + 42, little(0, 4));
  CHECK(contains(zip_refusal(archive), "twice"));

  // A file within a file: the second header is in the first one's data.
  const std::string inner = test::zip({{"b", "yy"}});
  archive = test::zip({{"a", inner}, {"b", "yy"}});
  archive = replaced(archive, archive.rfind("PK\x01\x02") + 42, little(31, 4));
  CHECK(contains(zip_refusal(archive), "overlap"));
}

TEST_CASE("A ZIP64 record outside the file is refused") {
  const std::string archive = test::zip(kFiles, true);
  const std::size_t end64 = archive.find("PK\x06\x06");
  const std::size_t locator = archive.find("PK\x06\x07");
  for (const std::uint64_t offset :
       {std::uint64_t{0}, end64 + 1, archive.size(), ~std::uint64_t{0}}) {
    CAPTURE(offset);
    CHECK(contains(zip_refusal(replaced(archive, locator + 8, little(offset, 8))), "ZIP64"));
  }
  for (const std::size_t field :
       {std::size_t{24}, std::size_t{32}, std::size_t{40}, std::size_t{48}}) {
    CAPTURE(field);
    CHECK(zip_refusal(replaced(archive, end64 + field, little(~std::uint64_t{0}, 8))) != kNoError);
  }
}

TEST_CASE("A TAR archive is read, in each of its dialects") {
  Files files = {{"sys_info", "first"}, {"b", std::string(512, 'x')}, {"c", ""}};
  const auto check = [&](const std::string& archive) {
    const auto members = read_tar(source_of(archive));
    REQUIRE(members.size() == files.size());
    for (std::size_t i = 0; i < files.size(); ++i) {
      CHECK(members[i].name == files[i].first);
      CHECK(content_of(members[i].bytes) == files[i].second);
    }
  };
  SUBCASE("ustar") {
    check(test::tar(files));
  }
  SUBCASE("without the blocks at the end") {
    check(test::tar(files, false));
  }
  SUBCASE("with ./ before the names, as tar -C writes them") {
    check(test::tar({{"./sys_info", "first"}, {"./b", std::string(512, 'x')}, {"././c", ""}}));
  }
  SUBCASE("folders and links are passed over") {
    check(test::tar_header("folder/", 0, '5') + test::tar_header("link", 0, '2') +
          test::tar(files));
  }
  SUBCASE("pax: a long name and a size beyond what the header can hold") {
    files[0].first = std::string(300, 'n');
    const std::string records =
        fmt::format("310 path={}\n10 size=5\n20 mtime=1480000000\n", files[0].first);
    REQUIRE(records.size() == 340);
    check(test::tar_header("pax", 340, 'x') + records + std::string(172, '\0') +
          test::tar_header("short", 0) + "first" + std::string(507, '\0') +
          test::tar({files[1], files[2]}));
  }
  SUBCASE("GNU: a long name") {
    files[0].first = std::string(300, 'n');
    check(test::tar_header("././@LongLink", 301, 'L') + files[0].first + std::string(212, '\0') +
          test::tar({{"short", "first"}, files[1], files[2]}));
  }
}

TEST_CASE("A damaged TAR archive is refused") {
  const std::string archive = test::tar({{"a", std::string(600, 'x')}, {"b", "y"}}, false);
  CHECK(looks_like_tar(*source_of(archive)));
  for (std::size_t length = 1; length < archive.size(); ++length) {
    const std::string why = tar_refusal(archive.substr(0, length));
    // What is left out behind the last byte of a file is only padding.
    const bool whole = (length >= 512 + 600 && length <= 1536) || length > 2048;
    if ((why == kNoError) != whole) FAIL(length << ": " << why);
  }
  CHECK(contains(tar_refusal(replaced(archive, 0, "z")), "damaged"));
  CHECK_FALSE(looks_like_tar(*source_of(replaced(archive, 0, "z"))));
  CHECK(contains(tar_refusal(test::tar_header("a", 1 << 30)), "cut short"));
  CHECK(contains(tar_refusal(test::tar_header("a", 077777777777)), "cut short"));
  for (const char* name : {"../a", "/a", "a/../../b"}) {
    CAPTURE(name);
    CHECK(contains(tar_refusal(test::tar({{name, "x"}})), "elsewhere"));
  }
  for (const char* record : {"9 size=x\n", "99 path=a\n", "0 a=b\n", "x path=a\n", "6 path\n",
                             "99999999999999999999 a=b\n", "28 size=99999999999999999999\n"}) {
    CAPTURE(record);
    const std::string padded = record + std::string(512 - std::string(record).size(), '\0');
    CHECK(
        contains(tar_refusal(test::tar_header("pax", 512, 'x') + padded + test::tar_header("a", 0)),
                 "extended header"));
  }
  CHECK(contains(tar_refusal(test::tar_header("pax", 1 << 21, 'x') + std::string(1 << 21, '\0')),
                 "extended header"));
}

TEST_CASE("gzip data is decompressed, also in several members and padded with zeros") {
  const std::string content = std::string(300000, 'a') + "end";
  CHECK(looks_like_gzip(*source_of(test::gzip(content))));
  CHECK(content_of(gunzip(*source_of(test::gzip(content)))) == content);
  CHECK(content_of(gunzip(*source_of(test::gzip("")))).empty());
  CHECK(content_of(gunzip(*source_of(test::gzip("ab") + test::gzip("cd")))) == "abcd");
  CHECK(content_of(gunzip(*source_of(test::gzip("ab") + std::string(1000, '\0')))) == "ab");
}

TEST_CASE("Damaged gzip data is refused") {
  const std::string packed = test::gzip("some text that is not too short to be compressed");
  for (std::size_t length = 2; length < packed.size(); ++length) {
    const auto read = [&] { gunzip(*source_of(packed.substr(0, length))); };
    if (!contains(error_of(read), "ends early")) FAIL(length);
  }
  std::string damaged = packed;
  damaged[damaged.size() - 6] ^= 1;  // the checksum
  CHECK(contains(error_of([&] { gunzip(*source_of(damaged)); }), "damaged"));
  CHECK(contains(error_of([&] { gunzip(*source_of(packed + "xx")); }), "damaged"));
}

TEST_CASE("A gzip bomb is refused early") {
  const std::string bomb = test::gzip(std::string(std::size_t{64} << 20, '\0'));
  CHECK(bomb.size() < 100000);
  CHECK(contains(error_of([&] { gunzip(*source_of(bomb)); }), "which weights never do"));
}

}  // namespace
}  // namespace odin::pytorch
