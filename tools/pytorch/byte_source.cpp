#include "tools/pytorch/byte_source.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernels/error.h"

namespace odin::pytorch {
namespace {

constexpr std::size_t kBlockBytes = 1 << 16;

class FileSource final : public ByteSource {
 public:
  explicit FileSource(int descriptor) : descriptor_(descriptor) {
    struct stat status {};
    const bool regular = fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode);
    if (!regular) {
      ::close(descriptor_);
      fail("it is not a regular file");
    }
    size_ = static_cast<std::uint64_t>(status.st_size);
  }
  ~FileSource() override { ::close(descriptor_); }

  std::uint64_t size() const override { return size_; }

 private:
  void read_within(std::uint64_t offset, std::span<std::byte> out) const override {
    while (!out.empty()) {
      const ssize_t count =
          ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(offset));
      if (count < 0 && errno == EINTR) continue;
      require(count >= 0, "byte {} cannot be read: {}", offset, std::strerror(errno));
      require(count > 0, "it became shorter while it was read");
      out = out.subspan(static_cast<std::size_t>(count));
      offset += static_cast<std::uint64_t>(count);
    }
  }

  int descriptor_;
  std::uint64_t size_ = 0;
};

class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}

  std::uint64_t size() const override { return bytes_.size(); }

 private:
  void read_within(std::uint64_t offset, std::span<std::byte> out) const override {
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
  }

  std::vector<std::byte> bytes_;
};

class WindowSource final : public ByteSource {
 public:
  WindowSource(SharedSource whole, std::uint64_t offset, std::uint64_t size)
      : whole_(std::move(whole)), offset_(offset), size_(size) {}

  std::uint64_t size() const override { return size_; }

 private:
  void read_within(std::uint64_t offset, std::span<std::byte> out) const override {
    whole_->read(offset_ + offset, out);
  }

  SharedSource whole_;
  std::uint64_t offset_;
  std::uint64_t size_;
};

// Throws where [offset, offset + count) does not lie in a source of `size` bytes.
void require_within(std::uint64_t size, std::uint64_t offset, std::uint64_t count) {
  require(
      offset <= size && count <= size - offset,
      "{} bytes are expected at byte {}, but the data ends at byte {} (was the file cut short?)",
      count, offset, size);
}

}  // namespace

void ByteSource::read(std::uint64_t offset, std::span<std::byte> out) const {
  require_within(size(), offset, out.size());
  if (!out.empty()) read_within(offset, out);
}

SharedSource open_file(const std::filesystem::path& file) {
  // Without O_NONBLOCK, opening a pipe would wait for its writer.
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  require(descriptor >= 0, "it cannot be opened: {}", std::strerror(errno));
  return open_descriptor(descriptor);
}

SharedSource open_descriptor(int descriptor) {
  return std::make_shared<FileSource>(descriptor);
}

SharedSource in_memory(std::vector<std::byte> bytes) {
  return std::make_shared<MemorySource>(std::move(bytes));
}

SharedSource window(SharedSource whole, std::uint64_t offset, std::uint64_t size) {
  require_within(whole->size(), offset, size);
  return std::make_shared<WindowSource>(std::move(whole), offset, size);
}

ByteReader::ByteReader(SharedSource source) : source_(std::move(source)) {}

void ByteReader::load_block() {
  block_begin_ += block_.size();
  next_ = 0;
  const std::uint64_t left = source_->size() - block_begin_;
  if (left == 0) {
    block_.clear();
    require_within(source_->size(), block_begin_, 1);
  }
  block_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(left, kBlockBytes)));
  source_->read(block_begin_, block_);
}

void ByteReader::bytes(std::span<std::byte> out) {
  require_within(source_->size(), position(), out.size());
  while (!out.empty()) {
    if (next_ == block_.size()) load_block();
    const std::size_t count = std::min(out.size(), block_.size() - next_);
    std::copy_n(block_.begin() + static_cast<std::ptrdiff_t>(next_), count, out.begin());
    out = out.subspan(count);
    next_ += count;
  }
}

std::string ByteReader::text(std::uint64_t length) {
  require_within(source_->size(), position(), length);
  std::string result(static_cast<std::size_t>(length), '\0');
  bytes(std::as_writable_bytes(std::span(result)));
  return result;
}

std::string ByteReader::line(std::size_t most) {
  std::string result;
  for (char c = static_cast<char>(byte()); c != '\n'; c = static_cast<char>(byte())) {
    require(result.size() < most, "a line of more than {} bytes begins at byte {}", most,
            position() - result.size() - 1);
    result += c;
  }
  return result;
}

void ByteReader::skip(std::uint64_t count) {
  require_within(source_->size(), position(), count);
  const std::uint64_t target = position() + count;
  if (target <= block_begin_ + block_.size()) {
    next_ = static_cast<std::size_t>(target - block_begin_);
    return;
  }
  block_.clear();
  block_begin_ = target;
  next_ = 0;
}

std::string printable(std::string_view text, std::size_t most) {
  std::string result;
  for (const char c : text) {
    if (result.size() >= most) return result + "...";
    if (c >= ' ' && c <= '~') {
      result += c;
    } else {
      result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return result;
}

}  // namespace odin::pytorch
