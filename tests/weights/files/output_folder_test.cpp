#include "weights/files/output_folder.h"

#include <fstream>

#include <doctest/doctest.h>

#include "kernels/error.h"
#include "tests/support/support.h"

namespace odin {
namespace {

TEST_CASE("an output folder is made with those above it, or is there already") {
  const test::TemporaryFolder folder;
  make_output_folder(folder / "a/b/c");
  CHECK(std::filesystem::is_directory(folder / "a/b/c"));
  CHECK_NOTHROW(make_output_folder(folder / "a/b/c"));
}

TEST_CASE("an output folder that cannot be made is named") {
  const test::TemporaryFolder folder;
  std::ofstream(folder / "file") << "text";
  const std::string below = (folder / "file/below").string();
  CHECK_THROWS_WITH_AS(
      make_output_folder(below),
      fmt::format("the folder {} cannot be written to: Not a directory; name another", below)
          .c_str(),
      Error);
}

}  // namespace
}  // namespace odin
