#include "weights/files/byte_source.h"

#include <algorithm>
#include <utility>

#include "kernels/error.h"
#include "weights/files/digest.h"

namespace odin {
namespace {

constexpr std::size_t kBlockBytes = 1 << 16;
constexpr std::size_t kLargeBlockBytes = 1 << 18;

class FileSource final : public ByteSource {
 public:
  explicit FileSource(InputFile file) : file_(std::move(file)) {}

  std::uint64_t size() const override { return static_cast<std::uint64_t>(file_.size()); }

 private:
  void read_within(std::uint64_t offset, std::span<std::byte> out) const override {
    file_.read(static_cast<std::int64_t>(offset), out.data(), out.size());
  }

  InputFile file_;
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
  // The bytes [offset, offset + size) of this one, as a part of the same whole.
  SharedSource part(std::uint64_t offset, std::uint64_t size) const {
    return std::make_shared<WindowSource>(whole_, offset_ + offset, size);
  }

 private:
  void read_within(std::uint64_t offset, std::span<std::byte> out) const override {
    whole_->read(offset_ + offset, out);
  }

  SharedSource whole_;
  std::uint64_t offset_;
  std::uint64_t size_;
};

// Throws Error unless [offset, offset + count) is inside a source of `size` bytes.
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

SharedSource in_file(InputFile file) {
  return std::make_shared<FileSource>(std::move(file));
}

SharedSource in_memory(std::vector<std::byte> bytes) {
  return std::make_shared<MemorySource>(std::move(bytes));
}

SharedSource window(SharedSource whole, std::uint64_t offset, std::uint64_t size) {
  require_within(whole->size(), offset, size);
  // A chain of windows would be read, and freed, by recursion, and a file may ask for a long one.
  if (const auto* outer = dynamic_cast<const WindowSource*>(whole.get())) {
    return outer->part(offset, size);
  }
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

void for_each_block(const ByteSource& source,
                    const std::function<void(std::span<const std::byte>)>& take) {
  std::vector<std::byte> block(kLargeBlockBytes);
  for (std::uint64_t offset = 0; offset < source.size(); offset += block.size()) {
    block.resize(
        static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), source.size() - offset)));
    source.read(offset, block);
    take(block);
  }
}

std::string sha256(const ByteSource& source) {
  Sha256 digest;
  for_each_block(source, [&](std::span<const std::byte> block) { digest.add(block); });
  return digest.hex();
}

}  // namespace odin
