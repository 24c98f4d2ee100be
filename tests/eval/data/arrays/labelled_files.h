// Files of labelled images that another library wrote, and what is in them.
#pragma once

#include <string>
#include <vector>

#include "tests/support/support.h"

namespace odin::test {

// What a Python script of this folder wrote. Not `made`, after skip(), where the script's library
// is not there (status 77).
struct LabelledFiles {
  // The script also writes `pixels` (N, 3, 32, 32) and the file `labels` (N), both of bytes.
  LabelledFiles(const std::string& script, const std::string& labels_file);

  TemporaryFolder folder;
  bool made = false;
  std::vector<int> pixels;
  std::vector<int> labels;
};

}  // namespace odin::test
