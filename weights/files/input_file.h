// A file that is checked when it is opened and read at any offset, by any number of threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace odin {

class InputFile {
 public:
  // Throws Error if `path` does not exist, cannot be read or is not a regular file.
  explicit InputFile(const std::filesystem::path& path);
  // Takes over an open file. Errors call it `name`. Throws Error if it is not a regular file.
  InputFile(int descriptor, const std::filesystem::path& name);
  ~InputFile();
  InputFile(InputFile&& other) noexcept;
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  InputFile& operator=(InputFile&&) = delete;

  // The same open file once more, whatever is at its path by now. Throws Error if the system has no
  // descriptor left.
  InputFile duplicate() const;

  const std::filesystem::path& path() const { return path_; }
  std::int64_t size() const { return size_; }  // bytes, when it was opened
  // Where a library that opens files itself finds this open file, whatever is at its path by now. A
  // child process finds it there, too. Throws Error where /proc is not mounted.
  std::string path_to_open() const;

  // Reads `count` bytes from `offset`, fewer only at the end of the file, and returns the number of
  // bytes read. Throws Error if reading fails.
  std::size_t read_some(std::int64_t offset, void* to, std::size_t count) const;
  // The same, but also throws Error if the file ends before `count` bytes.
  void read(std::int64_t offset, void* to, std::size_t count) const;
  // The whole file. Throws Error if reading fails or the file became shorter.
  std::string content() const;
  // Its lines, without "\n" or "\r\n". Throws Error likewise.
  std::vector<std::string> lines() const;

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
  std::int64_t size_ = 0;
};

}  // namespace odin
