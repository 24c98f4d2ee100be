#include "tests/eval/data/arrays/labelled_files.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/eval/data/data_support.h"

namespace odin::test {

LabelledFiles::LabelledFiles(const std::string& script, const std::string& labels_file) {
  const ProgramResult result =
      run_program(fmt::format("/usr/bin/python3 '{}/tests/eval/data/arrays/{}' '{}'",
                              ODIN_SOURCE_DIR, script, folder.path().string()));
  if (result.exit_status == 77) skip(result.errors);
  INFO(result.errors);
  REQUIRE((result.exit_status == 0 || result.exit_status == 77));
  made = result.exit_status == 0;
  if (!made) return;
  for (const std::uint8_t byte : read_file(folder / "pixels")) pixels.push_back(byte);
  for (const std::uint8_t byte : read_file(folder / labels_file)) labels.push_back(byte);
}

}  // namespace odin::test
