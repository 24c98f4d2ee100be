#include "weights/files/atomic_file.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "kernels/error.h"
#include "weights/files/new_name.h"
#include "weights/files/paths.h"
#include "weights/files/system_reason.h"

namespace odin {
namespace fs = std::filesystem;
namespace {

[[noreturn]] void cannot_write(const fs::path& file, int error) {
  fail(
      "{} cannot be written: {}; name a file in a folder that exists, can be written to and has "
      "room",
      file.string(), system_reason(error));
}

// An open file, closed at the end of its scope.
class Descriptor {
 public:
  Descriptor(const fs::path& path, int flags)
      : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {}
  ~Descriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  bool is_open() const { return descriptor_ >= 0; }
  int get() const { return descriptor_; }
  int close() { return ::close(std::exchange(descriptor_, -1)); }  // as close(2)

 private:
  int descriptor_;
};

// A new empty file, removed at the end of its scope unless renamed.
class TemporaryFile {
 public:
  explicit TemporaryFile(const fs::path& target) {
    try {
      path_ = make_under_new_name(target.parent_path(), [](const fs::path& path) {
        return Descriptor(path, O_WRONLY | O_CREAT | O_EXCL).is_open() ? 0 : errno;
      });
    } catch (const std::system_error& error) {
      cannot_write(target, error.code().value());
    }
  }
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const fs::path& path() const { return path_; }

  void rename_to(const fs::path& target) {
    {
      // Before the rename. Otherwise a crash could leave the new name without content.
      Descriptor written(path_, O_WRONLY);
      if (!written.is_open() || ::fsync(written.get()) != 0 || written.close() != 0) {
        cannot_write(target, errno);
      }
    }
    if (::rename(path_.c_str(), target.c_str()) != 0) cannot_write(target, errno);
    path_.clear();
  }

 private:
  fs::path path_;
};

// What links lead to, even if it does not exist.
fs::path target_of(const fs::path& file) {
  constexpr int kMostLinks = 40;  // as in Linux
  fs::path target = file;
  std::error_code error;
  for (int links = 0; fs::is_symlink(target, error); ++links) {
    if (links == kMostLinks) cannot_write(file, ELOOP);
    target = target.parent_path() / fs::read_symlink(target, error);
    if (error) cannot_write(file, error.value());
  }
  return target;
}

// Whether `file` can only be written in place.
bool must_stay(const fs::path& file) {
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  if (fs::is_character_file(status) || fs::is_block_file(status) || fs::is_fifo(status))
    return true;
  // /dev/stdout may lead to a regular file. Its owner holds it open, and a rename would take it
  // away.
  const fs::path folder = fs::weakly_canonical(fs::absolute(file, error).parent_path(), error);
  return folder == "/dev" || folder.string().starts_with("/proc/");
}

void require_file_name(const fs::path& file) {
  require(!file.empty(), "the name of a file to write is empty; give it a name");
  require_short_enough(file);
  std::error_code error;
  if (fs::is_directory(file, error)) cannot_write(file, EISDIR);
}

void write_all(const fs::path& path, const fs::path& name_in_errors, std::string_view content) {
  // O_APPEND matters only for a stream that already has content, such as /dev/stdout.
  Descriptor file(path, O_WRONLY | O_APPEND);
  if (!file.is_open()) cannot_write(name_in_errors, errno);
  while (!content.empty()) {
    const ssize_t written = ::write(file.get(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) cannot_write(name_in_errors, errno);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  // Some file systems report a full disk only here.
  if (file.close() != 0) cannot_write(name_in_errors, errno);
}

}  // namespace

void write_atomically(const fs::path& file,
                      const std::function<void(const fs::path& temporary)>& write) {
  require_file_name(file);
  if (must_stay(file)) return write(file);
  const fs::path target = target_of(file);
  TemporaryFile temporary(target);
  write(temporary.path());
  temporary.rename_to(target);
}

void write_atomically(const fs::path& file, std::string_view content) {
  write_atomically(file, [&](const fs::path& temporary) { write_all(temporary, file, content); });
}

void require_writable(const fs::path& file) {
  require_file_name(file);
  if (must_stay(file)) {
    if (::access(file.c_str(), W_OK) != 0) cannot_write(file, errno);
  } else {
    const TemporaryFile temporary(target_of(file));
  }
}

}  // namespace odin
