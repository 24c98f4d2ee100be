// Files that are damaged at any byte.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "kernels/error.h"
#include "tests/support/bytes.h"
#include "tests/support/support.h"
#include "tools/conversion/network_file.h"

namespace odin::pytorch {
namespace {

using test::contains;
using test::source_of;

// Small files as Python 2 and PyTorch 0.1 wrote them, one of each container and wrapping.
std::vector<std::pair<std::string, std::string>> small_files() {
  const test::TemporaryFolder folder;
  std::vector<std::pair<std::string, std::string>> files;
  for (const char* container : {"magic", "tar", "zip"}) {
    const std::string path = (folder / container).string();
    const auto result = test::run_program(
        fmt::format("{} '{}/tests/pytorch/old_torch.py' '{}' --container {} --depth 0 --growth 1 "
                    "--classes 2",
                    ODIN_PYTHON, ODIN_SOURCE_DIR, path, container));
    if (result.exit_status != 0) {
      test::skip(fmt::format("{} does not run: {}", ODIN_PYTHON, result.errors));
      return {};
    }
    const SharedSource source = in_file(InputFile(path));
    files.emplace_back(container, ByteReader(source).text(source->size()));
  }
  files.emplace_back("gzip around magic", test::gzip(files[0].second));
  files.emplace_back("TAR around zip", test::tar({{"net.pth", files[2].second}}));
  return files;
}

// What a file holds, or nothing if it is refused.
std::string outline(const std::string& content) {
  try {
    const NetworkFile file(source_of(content));
    std::string result;
    for (const auto& [name, tensor] : file.network().tensors) {
      result += fmt::format("{} {}:", name, shape_text(tensor.shape));
      for (const float value : read_elements(tensor)) result += fmt::format(" {}", value);
    }
    return result;
  } catch (const Error& error) {
    // One sentence, fit for one line of a terminal.
    const std::string sentence = error.what();
    CHECK_FALSE(sentence.empty());
    CHECK(sentence.size() < 1000);
    CHECK(
        std::all_of(sentence.begin(), sentence.end(), [](char c) { return c >= ' ' && c <= '~'; }));
    return "";
  }
}

TEST_CASE("A file cut short at any byte is refused, unless only padding is lost") {
  for (const auto& [name, content] : small_files()) {
    CAPTURE(name);
    const std::string whole = outline(content);
    REQUIRE_FALSE(whole.empty());
    for (std::size_t length = 0; length < content.size(); ++length) {
      const std::string cut = outline(content.substr(0, length));
      if (cut.empty()) continue;
      // Only a TAR archive may end with nothing but zeros.
      const bool padding = content.find_first_not_of('\0', length) == std::string::npos;
      if (cut != whole || !padding) FAIL(name << " cut at " << length);
    }
  }
}

TEST_CASE(
    "A file with a flipped bit is refused or read, and where it has checksums, read rightly") {
  for (const auto& [name, content] : small_files()) {
    CAPTURE(name);
    const std::string whole = outline(content);
    const bool wrapped = contains(name, "around");
    const bool has_checksums = wrapped || name == "zip";
    int refused = 0;
    int read = 0;
    for (std::size_t bit = 0; bit < content.size() * 8; ++bit) {
      // One bit of a byte will do in padding, and in a wrapping, whose checksum finds any.
      if ((wrapped || content[bit / 8] == '\0') && bit % 8 != 3) continue;
      std::string damaged = content;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
      const std::string found = outline(damaged);
      ++(found.empty() ? refused : read);
      if (has_checksums && !found.empty() && found != whole) FAIL(name << ", bit " << bit);
    }
    CHECK(refused > 0);
    CHECK(read > 0);
  }
}

}  // namespace
}  // namespace odin::pytorch
