#include "weights/files/input_file.h"

#include <fstream>
#include <string>
#include <utility>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/error_of.h"
#include "tests/support/support.h"
#include "weights/child_process.h"

namespace odin {
namespace {

namespace fs = std::filesystem;
using test::error_of;

TEST_CASE("a file is read at any place, and whole") {
  const test::TemporaryFolder folder;
  std::ofstream(folder / "file") << "0123456789";
  const InputFile file(folder / "file");
  CHECK(file.path() == folder / "file");
  CHECK(file.size() == 10);
  CHECK(file.content() == "0123456789");
  std::string text(4, ' ');
  file.read(3, text.data(), 4);
  CHECK(text == "3456");
  CHECK(file.read_some(8, text.data(), 4) == 2);
  CHECK(text == "8956");
  CHECK(file.read_some(10, text.data(), 4) == 0);
  CHECK(error_of([&] { file.read(8, text.data(), 4); }) ==
        fmt::format("'{}' ends after 10 bytes, where 2 more were expected",
                    (folder / "file").string()));
}

TEST_CASE("an empty file has no content") {
  const test::TemporaryFolder folder;
  test::write_bytes(folder / "file", "");
  CHECK(InputFile(folder / "file").content().empty());
}

TEST_CASE("the error names what cannot be opened or is not a file") {
  const test::TemporaryFolder folder;
  const auto opening = [](const fs::path& path) { return error_of([&] { InputFile file(path); }); };
  const std::string absent = (folder / "absent").string();
  CHECK(opening(absent) == fmt::format("cannot open '{}': No such file or directory", absent));
  CHECK(opening(folder.path()) ==
        fmt::format("'{}' is a folder, where a file is needed", folder.path().string()));
  const std::string pipe = (folder / "pipe").string();
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(opening(pipe) == fmt::format("'{}' is not a regular file, where a file is needed", pipe));
  CHECK(opening("/dev/null") == "'/dev/null' is not a regular file, where a file is needed");
}

TEST_CASE("an open descriptor is taken over, and errors use the given name") {
  const test::TemporaryFolder folder;
  std::ofstream(folder / "file") << "text";
  const int descriptor = ::open((folder / "file").c_str(), O_RDONLY);
  REQUIRE(descriptor >= 0);
  {
    const InputFile file(descriptor, "something unpacked");
    CHECK(file.content() == "text");
    char byte = 0;
    CHECK(error_of([&] { file.read(4, &byte, 1); }) ==
          "'something unpacked' ends after 4 bytes, where 1 more were expected");
  }
  CHECK(::fcntl(descriptor, F_GETFD) == -1);
}

TEST_CASE("a file that is moved stays open") {
  const test::TemporaryFolder folder;
  std::ofstream(folder / "file") << "text";
  InputFile file(folder / "file");
  const InputFile moved(std::move(file));
  CHECK(moved.content() == "text");
}

TEST_CASE("an open file is opened once more, whatever is at its path by now") {
  const test::TemporaryFolder folder;
  std::ofstream(folder / "file") << "text";
  std::ofstream(folder / "other") << "other";
  const InputFile file(folder / "file");
  fs::rename(folder / "other", folder / "file");
  CHECK(file.duplicate().content() == "text");
  CHECK(file.duplicate().path() == folder / "file");
  CHECK(InputFile(file.path_to_open()).content() == "text");
  fs::remove(folder / "file");
  CHECK(InputFile(file.path_to_open()).content() == "text");
}

TEST_CASE("a system without /proc is said to have none") {
  const test::TemporaryFolder folder;
  std::ofstream(folder / "file") << "text";
  if (geteuid() != 0) return test::skip("only root may change the root of the file system");
  const InputFile file(folder / "file");
  const std::string sentence = error_of([&] {
    run_in_child([&](ResultWriter&) {
      REQUIRE(chroot(folder.path().c_str()) == 0);
      file.path_to_open();
    });
  });
  CHECK(sentence.starts_with("cannot open '" + file.path().string() + "' as /proc/self/fd/"));
  CHECK(sentence.ends_with(", for which /proc has to be mounted: No such file or directory"));
}

}  // namespace
}  // namespace odin
