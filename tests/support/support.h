// Helpers for the tests of every folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace odin::test {

// Numbers in an image of 3 x 32 x 32, as most tests use.
inline constexpr std::int64_t kImageElements = std::int64_t{3} * 32 * 32;

// A new folder in the system's temporary folder. Removed, with everything in it, at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// The folder `shared` next to the checkout (real data), or an empty path if there is none.
std::filesystem::path shared_folder();

// The bytes of a file; none where it cannot be read.
std::string content_of(const std::filesystem::path& file);
void write_bytes(const std::filesystem::path& file, std::string_view content);

// Whether, and how often, `part` is in `text`. Occurrences may overlap.
bool contains(std::string_view text, std::string_view part);
std::size_t occurrences(std::string_view text, std::string_view part);

// Prints the line that makes CTest count the running test as skipped. Return from the test after
// it.
void skip(std::string_view why);

// Whether tests run few of their cases: where ODIN_FEW_CASES is set, as tools/gpu_check does. On a
// GPU every call costs, and under its sanitizer a hundred times as much.
bool few_cases();
// All rows of a table, or the first `few` of them.
template <class Row, std::size_t size>
std::span<const Row> cases_of(const Row (&table)[size], std::size_t few) {
  return std::span<const Row>(table).first(few_cases() ? few : size);
}

// Whether AddressSanitizer watches the tests, which takes five times as long. Then tests may leave
// out combinations whose parts they all run: no other memory is read or written. A release build
// runs them all.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

// ||a - b|| / ||b|| in the Euclidean norm; ||a|| if b is zero. NaN anywhere gives NaN.
template <class A, class B>
double relative_error(std::span<const A> a, std::span<const B> b);

// How a finished program ended.
struct ProgramResult {
  int exit_status = -1;  // 128 + signal if a signal ended it
  std::string output;    // standard output
  std::string errors;    // standard error
};

// Runs a command line with /bin/sh, without standard input.
ProgramResult run_program(const std::string& command_line);

}  // namespace odin::test
