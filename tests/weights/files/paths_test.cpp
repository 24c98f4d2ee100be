#include "weights/files/paths.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include "tests/support/environment.h"
#include "tests/support/error_of.h"
#include "tests/support/support.h"

namespace odin::test {
namespace {

namespace fs = std::filesystem;

std::string refusal(const fs::path& path) {
  return error_of(exists_at, path);
}

TEST_CASE("a path leads to a file, a folder or nothing") {
  const TemporaryFolder folder;
  write_bytes(folder / "file", "x");
  CHECK(exists_at(folder / "file"));
  CHECK(!is_folder(folder / "file"));
  CHECK(is_folder(folder.path()));
  CHECK(!exists_at(folder / "absent"));
  CHECK(!exists_at(folder / "file/below"));
}

TEST_CASE("a path that is too long, or leads in a circle, is told as such") {
  const TemporaryFolder folder;
  const std::string name(300, 'n');
  const std::string of_name = refusal(folder / name);
  CHECK(of_name.starts_with("the path '" + folder.path().string()));
  CHECK(of_name.find("nnn...' is too long: it has ") != std::string::npos);
  CHECK(of_name.find("its longest name 300.") != std::string::npos);
  std::string deep = "/tmp";
  while (deep.size() < 5000) deep += "/folder";
  CHECK(refusal(deep).find("is too long: it has 5002 bytes, its longest name 6.") !=
        std::string::npos);
  fs::create_symlink("circle", folder / "circle");
  CHECK(refusal(folder / "circle").find("cannot be reached: Too many levels") != std::string::npos);
}

TEST_CASE("~ is the home folder at the beginning of a path only") {
  const Environment home("HOME", "/home/someone");
  CHECK(with_home("~/data") == "/home/someone/data");
  CHECK(with_home("~") == "/home/someone");
  for (const char* path : {"", "data", "./~/x", "~other/x", "a~"}) CHECK(with_home(path) == path);
}

}  // namespace
}  // namespace odin::test
