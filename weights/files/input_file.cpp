#include "weights/files/input_file.h"

#include <cerrno>
#include <sstream>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernels/error.h"
#include "weights/files/system_reason.h"

namespace odin {
namespace {

int open(const std::filesystem::path& path) {
  int descriptor = -1;
  // Without O_NONBLOCK, opening a pipe would wait for its writer.
  do {
    descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  } while (descriptor < 0 && errno == EINTR);
  require(descriptor >= 0, "cannot open '{}': {}", path.string(), system_reason());
  return descriptor;
}

}  // namespace

InputFile::InputFile(const std::filesystem::path& path) : InputFile(open(path), path) {}

InputFile::InputFile(int descriptor, const std::filesystem::path& name)
    : path_(name), descriptor_(descriptor) {
  struct stat status {};
  const bool known = ::fstat(descriptor_, &status) == 0;
  if (!known || !S_ISREG(status.st_mode)) {
    const bool folder = known && S_ISDIR(status.st_mode);
    ::close(descriptor_);
    fail("'{}' is {}, where a file is needed", name.string(),
         folder ? "a folder" : "not a regular file");
  }
  size_ = status.st_size;
}

InputFile::~InputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

InputFile::InputFile(InputFile&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      size_(other.size_) {}

InputFile InputFile::duplicate() const {
  const int descriptor = ::fcntl(descriptor_, F_DUPFD_CLOEXEC, 0);
  require(descriptor >= 0, "cannot open '{}' once more: {}", path_.string(), system_reason());
  return {descriptor, path_};
}

std::string InputFile::path_to_open() const {
  std::string path = fmt::format("/proc/self/fd/{}", descriptor_);
  const bool is_there = ::access(path.c_str(), R_OK) == 0;
  require(is_there, "cannot open '{}' as {}, for which /proc has to be mounted: {}", path_.string(),
          path, system_reason());
  return path;
}

std::size_t InputFile::read_some(std::int64_t offset, void* to, std::size_t count) const {
  std::size_t done = 0;
  while (done < count) {
    const ssize_t got = ::pread(descriptor_, static_cast<char*>(to) + done, count - done,
                                offset + static_cast<std::int64_t>(done));
    if (got == 0) break;
    if (got > 0) {
      done += static_cast<std::size_t>(got);
    } else {
      require(errno == EINTR, "cannot read '{}': {}", path_.string(), system_reason());
    }
  }
  return done;
}

void InputFile::read(std::int64_t offset, void* to, std::size_t count) const {
  const std::size_t got = read_some(offset, to, count);
  require(got == count, "'{}' ends after {} bytes, where {} more were expected", path_.string(),
          offset + static_cast<std::int64_t>(got), count - got);
}

std::string InputFile::content() const {
  std::string bytes(static_cast<std::size_t>(size_), '\0');
  read(0, bytes.data(), bytes.size());
  return bytes;
}

std::vector<std::string> InputFile::lines() const {
  std::istringstream stream(content());
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) {
    if (line.ends_with('\r')) line.pop_back();
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace odin
