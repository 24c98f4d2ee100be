#include "tests/eval/data/folder_support.h"

#include "eval/data/folder.h"
#include "tests/support/error_of.h"

namespace odin::test {

void write_numbered(const std::filesystem::path& path, int number) {
  std::filesystem::create_directories(path.parent_path());
  write_plain_png(path, static_cast<std::uint8_t>(number / 256),
                  static_cast<std::uint8_t>(number % 256), 0);
}

std::vector<int> numbers(const Dataset& dataset) {
  const std::vector<int> bytes = read_all_bytes(dataset);
  std::vector<int> result;
  for (std::size_t at = 0; at < bytes.size(); at += 3 * 1024) {
    result.push_back(bytes[at] * 256 + bytes[at + 1024]);
  }
  return result;
}

std::string error_opening(const std::filesystem::path& folder) {
  return error_of([&] { open_folder(folder, {}); });
}

}  // namespace odin::test
