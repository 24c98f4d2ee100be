#include "tools/archives/gzip.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include <unistd.h>

#include "kernels/error.h"
#include "weights/files/gunzip.h"

namespace odin::pytorch {
namespace {

constexpr std::size_t kPiece = 1 << 18;
// Trained weights shrink by a tenth; the zeros of a new optimiser shrink more. Deflate reaches 1 :
// 1032.
constexpr std::uint64_t kMostRatio = 16;
constexpr std::uint64_t kAlwaysAllowed = std::uint64_t{16} << 20;

// A file without a name, which disappears when it is closed.
class TemporaryFile {
 public:
  TemporaryFile() : file_(std::tmpfile(), &std::fclose) {
    require(file_ != nullptr, "a temporary file cannot be made: {}", std::strerror(errno));
  }
  void append(const std::byte* data, std::size_t size) {
    const bool good = std::fwrite(data, 1, size, file_.get()) == size;
    require(good, "a temporary file cannot be written: {}", std::strerror(errno));
  }
  SharedSource read() {
    const bool good = std::fflush(file_.get()) == 0;
    require(good, "a temporary file cannot be written: {}", std::strerror(errno));
    const int descriptor = dup(fileno(file_.get()));
    require(descriptor >= 0, "a temporary file cannot be read: {}", std::strerror(errno));
    return in_file(InputFile(descriptor, "the unpacked file"));
  }

 private:
  std::unique_ptr<std::FILE, decltype(&std::fclose)> file_;
};

}  // namespace

SharedSource gunzip(const ByteSource& source) {
  const std::uint64_t most = std::max(kAlwaysAllowed, source.size() * kMostRatio);
  std::uint64_t offset = 0;
  Gunzip packed([&](std::span<std::byte> out) {
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), source.size() - offset));
    source.read(offset, out.first(count));
    offset += count;
    return count;
  });
  TemporaryFile file;
  std::vector<std::byte> block(kPiece);
  std::uint64_t written = 0;
  while (const std::size_t count = packed.read(block)) {
    written += count;
    require(written <= most,
            "its {} bytes of gzip data unpack to more than {} MiB, which weights never do",
            source.size(), most >> 20);
    file.append(block.data(), count);
  }
  return file.read();
}

}  // namespace odin::pytorch
