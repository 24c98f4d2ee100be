#include "tests/support/support.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <fmt/format.h>
#include <sys/wait.h>

namespace odin::test {
namespace fs = std::filesystem;

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (fs::temp_directory_path() / "odin-test-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr)
    throw std::runtime_error("cannot make a folder: " + pattern);
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string content_of(const fs::path& file) {
  std::ostringstream content;
  content << std::ifstream(file, std::ios::binary).rdbuf();
  return content.str();
}

void write_bytes(const fs::path& file, std::string_view content) {
  std::ofstream(file, std::ios::binary).write(content.data(), std::ssize(content));
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::size_t occurrences(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

bool few_cases() {
  return std::getenv("ODIN_FEW_CASES") != nullptr;
}

fs::path shared_folder() {
  const fs::path folder = fs::path(ODIN_SOURCE_DIR).parent_path() / "shared";
  return fs::is_directory(folder) ? folder : fs::path();
}

void skip(std::string_view why) {
  std::printf("[SKIPPED] %s\n", std::string(why).c_str());
}

template <class A, class B>
double relative_error(std::span<const A> a, std::span<const B> b) {
  if (a.size() != b.size()) {
    throw std::runtime_error(fmt::format("{} values compared with {}", a.size(), b.size()));
  }
  double difference = 0;
  double norm = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double d = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    difference += d * d;
    norm += static_cast<double>(b[i]) * static_cast<double>(b[i]);
  }
  return norm > 0 ? std::sqrt(difference / norm) : std::sqrt(difference);
}
template double relative_error(std::span<const float>, std::span<const float>);
template double relative_error(std::span<const float>, std::span<const double>);
template double relative_error(std::span<const double>, std::span<const float>);
template double relative_error(std::span<const double>, std::span<const double>);

ProgramResult run_program(const std::string& command_line) {
  const TemporaryFolder folder;
  const std::string command =
      fmt::format("( {} ) </dev/null >'{}' 2>'{}'", command_line, (folder / "output").string(),
                  (folder / "errors").string());
  const int status = std::system(command.c_str());
  ProgramResult result;
  result.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  result.output = content_of(folder / "output");
  result.errors = content_of(folder / "errors");
  return result;
}

}  // namespace odin::test
