// A folder for readers that take the path of a file. fuzz.sh sets TMPDIR, so that it is in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>

#include <unistd.h>

namespace odin::test {

class MemoryFolder {
 public:
  MemoryFolder()
      : path_(std::filesystem::temp_directory_path() / ("fuzz" + std::to_string(getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~MemoryFolder() { std::filesystem::remove_all(path_); }
  MemoryFolder(const MemoryFolder&) = delete;
  MemoryFolder& operator=(const MemoryFolder&) = delete;

  // Writes or replaces a file, and returns its path.
  std::filesystem::path write(const char* name, std::span<const std::uint8_t> bytes) const {
    std::filesystem::path file = path_ / name;
    std::ofstream stream(file, std::ios::binary);
    stream.write(reinterpret_cast<const char*>(bytes.data()),
                 static_cast<std::streamsize>(bytes.size()));
    if (!stream.flush()) std::abort();
    return file;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace odin::test
