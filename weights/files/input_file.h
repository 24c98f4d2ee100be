// A file to read from: checked when it is opened, read at any place, by any number of threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace odin {

class InputFile {
 public:
  // Throws Error where `path` does not exist, may not be read or is not a regular file.
  explicit InputFile(const std::filesystem::path& path);
  ~InputFile();
  InputFile(InputFile&& other) noexcept;
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  InputFile& operator=(InputFile&&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::int64_t size() const { return size_; }  // bytes, when it was opened
  int descriptor() const { return descriptor_; }

  // Reads `count` bytes from `offset`, fewer only at the end of the file, and returns how many.
  // Throws Error where reading fails.
  std::size_t read_some(std::int64_t offset, void* to, std::size_t count) const;
  // The same, but throws Error where the file ends before `count` bytes.
  void read(std::int64_t offset, void* to, std::size_t count) const;

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
  std::int64_t size_ = 0;
};

}  // namespace odin
