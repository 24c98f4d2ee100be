// Lines from a descriptor, as they come.
#pragma once

#include <optional>
#include <string>

#include "eval/detection/interruption.h"

namespace odin {

class LineReader {
 public:
  explicit LineReader(int descriptor) : descriptor_(descriptor) {}

  // The next line, without "\n" or "\r\n", or nothing at the end and once an interruption was
  // requested. Of a line that is longer than any path, only the beginning, which still is. Throws
  // Error if reading fails.
  std::optional<std::string> next(const Interruption& interruption);

 private:
  int descriptor_;
  bool ended_ = false;
  std::string read_;  // but not yet given
};

}  // namespace odin
