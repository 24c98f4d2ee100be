#include "eval/detection/line_reader.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include <unistd.h>

#include "kernels/error.h"
#include "weights/files/system_reason.h"

namespace odin {
namespace {

// PATH_MAX counts the zero at the end, and a line may have "\r".
constexpr std::size_t kLongestKept = PATH_MAX + 1;

}  // namespace

std::optional<std::string> LineReader::next(const Interruption& interruption) {
  std::string line;
  const auto keep = [&](std::string_view part) {
    line += part.substr(0, kLongestKept - std::min(kLongestKept, line.size()));
  };
  for (;;) {
    if (const std::size_t end = read_.find('\n'); end != std::string::npos) {
      keep(std::string_view(read_).substr(0, end));
      read_.erase(0, end + 1);
      if (line.ends_with('\r')) line.pop_back();
      return line;
    }
    keep(read_);
    read_.clear();
    if (ended_ || !interruption.wait_to_read(descriptor_)) break;
    std::array<char, 4096> bytes;
    const ssize_t count = read(descriptor_, bytes.data(), bytes.size());
    if (count > 0) {
      read_.assign(bytes.data(), static_cast<std::size_t>(count));
    } else if (count == 0) {
      ended_ = true;
    } else {
      require(errno == EINTR || errno == EAGAIN, "cannot read standard input: {}", system_reason());
    }
  }
  if (line.empty() || !ended_) return std::nullopt;
  return line;
}

}  // namespace odin
