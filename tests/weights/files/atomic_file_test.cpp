#include "weights/files/atomic_file.h"

#include <csignal>
#include <fstream>
#include <stdexcept>

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "kernels/error.h"
#include "tests/support/error_of.h"
#include "tests/support/support.h"

namespace odin {
namespace {

namespace fs = std::filesystem;
using test::content_of;

std::ptrdiff_t files_in(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

template <class Content>
std::string error_of(const fs::path& file, const Content& content) {
  return test::error_of([&] { write_atomically(file, content); });
}

// Simulates a full disk: no file may grow beyond `bytes`.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit limit{bytes, old_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit old_{};
  void (*handler_)(int);
};

TEST_CASE("a file is written completely, replaces an older one and leaves no other file") {
  const test::TemporaryFolder folder;
  const fs::path file = folder / "report.json";
  const std::string binary("a\0b\n", 4);
  write_atomically(file, binary);
  CHECK(content_of(file) == binary);
  write_atomically(file, std::string_view());
  CHECK(content_of(file).empty());
  const std::string large(3'000'000, 'x');
  write_atomically(file, large);
  CHECK(content_of(file) == large);
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("a new file has the permissions that the umask leaves") {
  const test::TemporaryFolder folder;
  const mode_t old = umask(027);
  write_atomically(folder / "file", "text");
  umask(old);
  struct stat status {};
  REQUIRE(stat((folder / "file").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0640);
}

TEST_CASE("the longest name a file can have is written") {
  const test::TemporaryFolder folder;
  const fs::path file = folder / std::string(255, 'n');
  write_atomically(file, "text");
  CHECK(content_of(file) == "text");
}

TEST_CASE("a name without a folder is written to the current one") {
  const test::TemporaryFolder folder;
  const fs::path before = fs::current_path();
  fs::current_path(folder.path());
  write_atomically("file", "text");
  fs::current_path(before);
  CHECK(content_of(folder / "file") == "text");
}

TEST_CASE("a caller's writer gets a temporary name in the same folder") {
  const test::TemporaryFolder folder;
  const fs::path file = folder / "file";
  write_atomically(file, "old");
  write_atomically(file, [&](const fs::path& temporary) {
    CHECK(temporary != file);
    CHECK(temporary.parent_path() == file.parent_path());
    CHECK(fs::is_regular_file(temporary));
    std::ofstream(temporary) << "new";
    CHECK(content_of(file) == "old");
  });
  CHECK(content_of(file) == "new");
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("what a writer throws passes through and changes nothing") {
  const test::TemporaryFolder folder;
  const fs::path file = folder / "file";
  write_atomically(file, "old");
  CHECK_THROWS_WITH_AS(write_atomically(file,
                                        [](const fs::path& temporary) {
                                          std::ofstream(temporary) << "half";
                                          throw std::range_error("stopped");
                                        }),
                       "stopped", std::range_error);
  CHECK(content_of(file) == "old");
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("a full disk leaves the older file and no other") {
  const test::TemporaryFolder folder;
  const fs::path file = folder / "file";
  write_atomically(file, "old");
  std::string error;
  {
    const FileSizeLimit limit(1000);
    error = error_of(file, std::string(2000, 'x'));
  }
  CHECK(error == file.string() +
                     " cannot be written: File too large; name a file in a folder that exists, can "
                     "be written to and has room");
  CHECK(content_of(file) == "old");
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("a device is written in place") {
  write_atomically("/dev/null", "text");
  CHECK(fs::is_character_file("/dev/null"));
  CHECK(error_of("/dev/full", "text").starts_with("/dev/full cannot be written: No space left"));
  CHECK(fs::is_character_file("/dev/full"));
}

TEST_CASE("an open file is written in place by the name of its descriptor") {
  const test::TemporaryFolder folder;
  std::FILE* stream = std::fopen((folder / "file").c_str(), "w+");
  REQUIRE(stream != nullptr);
  std::fputs("first ", stream);
  std::fflush(stream);
  write_atomically(fmt::format("/dev/fd/{}", fileno(stream)), "second");
  std::fclose(stream);
  CHECK(content_of(folder / "file") == "first second");
}

TEST_CASE("the target of a link is replaced, not the link") {
  const test::TemporaryFolder folder;
  fs::create_directory(folder / "elsewhere");
  write_atomically(folder / "elsewhere/file", "old");
  fs::create_symlink("elsewhere/file", folder / "link");
  write_atomically(folder / "link", "new");
  CHECK(fs::is_symlink(folder / "link"));
  CHECK(content_of(folder / "elsewhere/file") == "new");

  fs::create_symlink(folder / "elsewhere/absent", folder / "link-to-nothing");
  write_atomically(folder / "link-to-nothing", "text");
  CHECK(fs::is_symlink(folder / "link-to-nothing"));
  CHECK(content_of(folder / "elsewhere/absent") == "text");

  const fs::path loop = folder / "loop";
  fs::create_symlink("loop", loop);
  CHECK(error_of(loop, "text").starts_with(loop.string() + " cannot be written: Too many levels"));
}

TEST_CASE("the error names what cannot be written") {
  const test::TemporaryFolder folder;
  const fs::path absent = folder / "absent/file";
  CHECK(error_of(absent, "text")
            .starts_with(absent.string() + " cannot be written: No such file or directory"));
  CHECK(error_of(folder.path(), "text")
            .starts_with(folder.path().string() + " cannot be written: Is a directory"));
  CHECK(error_of("", "text") == "the name of a file to write is empty; give it a name");
  const fs::path file = folder / "file";
  write_atomically(file, "text");
  CHECK(error_of(file / "below", "text")
            .starts_with((file / "below").string() + " cannot be written: Not a directory"));
}

TEST_CASE("a path that is too long is told as such") {
  const std::string sentence = "is too long: it has 300 bytes, its longest name 300";
  CHECK_THROWS_WITH_AS(require_writable(std::string(300, 'x')), doctest::Contains(sentence.c_str()),
                       Error);
  CHECK(error_of(std::string(300, 'x'), std::string("a")).find(sentence) != std::string::npos);
}

TEST_CASE("require_writable() fails as writing would, and leaves nothing behind") {
  const test::TemporaryFolder folder;
  std::ofstream(folder / "old") << "content";
  CHECK_NOTHROW(require_writable(folder / "old"));
  CHECK_NOTHROW(require_writable(folder / "new"));
  CHECK_NOTHROW(require_writable("/dev/null"));
  CHECK(content_of(folder / "old") == "content");
  CHECK(files_in(folder.path()) == 1);
  for (const fs::path& file : {folder / "missing/file", folder / "old/file", folder.path(),
                               fs::path(), fs::path("/dev/nothing")}) {
    INFO(file);
    const std::string reason = error_of(file, "content");
    CHECK(reason != test::kNoError);
    CHECK_THROWS_WITH_AS(require_writable(file), reason.c_str(), Error);
  }
}

}  // namespace
}  // namespace odin
