#include "tools/pytorch/gzip.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include <unistd.h>
#include <zlib.h>

#include "kernels/error.h"

namespace odin::pytorch {
namespace {

constexpr std::size_t kBlock = 1 << 18;
// Trained weights shrink by a tenth; a fresh optimiser's zeros more. Deflate reaches 1 : 1032.
constexpr std::uint64_t kMostRatio = 16;
constexpr std::uint64_t kAlwaysAllowed = std::uint64_t{16} << 20;
constexpr int kGzipWindow = 15 + 16;

// A file that has no name and is gone when it is closed.
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
    return open_descriptor(descriptor);
  }

 private:
  std::unique_ptr<std::FILE, decltype(&std::fclose)> file_;
};

class Inflater {
 public:
  Inflater() { require(inflateInit2(&stream_, kGzipWindow) == Z_OK, "zlib cannot be initialised"); }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  z_stream& stream() { return stream_; }

 private:
  z_stream stream_{};
};

}  // namespace

bool looks_like_gzip(const ByteSource& source) {
  std::byte magic[2] = {};
  if (source.size() < sizeof(magic)) return false;
  source.read(0, magic);
  return magic[0] == std::byte{0x1f} && magic[1] == std::byte{0x8b};
}

SharedSource gunzip(const ByteSource& source) {
  const std::uint64_t most = std::max(kAlwaysAllowed, source.size() * kMostRatio);
  TemporaryFile file;
  Inflater inflater;
  z_stream& stream = inflater.stream();
  std::vector<std::byte> in(kBlock);
  std::vector<std::byte> out(kBlock);
  std::uint64_t offset = 0;
  std::uint64_t written = 0;
  bool ended = false;
  while (!ended || stream.avail_in > 0 || offset < source.size()) {
    if (stream.avail_in == 0) {
      require(offset < source.size(), "its gzip data ends early (was the file cut short?)");
      in.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kBlock, source.size() - offset)));
      source.read(offset, in);
      offset += in.size();
      stream.next_in = reinterpret_cast<Bytef*>(in.data());
      stream.avail_in = static_cast<uInt>(in.size());
    }
    if (ended) {  // what follows is another member, or zeros that pad a tape's block
      if (*stream.next_in == 0) {
        ++stream.next_in;
        --stream.avail_in;
        continue;
      }
      require(inflateReset(&stream) == Z_OK, "zlib cannot be initialised");
      ended = false;
    }
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    const int status = inflate(&stream, Z_NO_FLUSH);
    require(status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR,
            "its gzip data is damaged near byte {}", offset - stream.avail_in);
    ended = status == Z_STREAM_END;
    const std::size_t count = out.size() - stream.avail_out;
    written += count;
    require(written <= most, "its {} bytes of gzip data unpack to more than {} MiB: no weights do",
            source.size(), most >> 20);
    file.append(out.data(), count);
  }
  return file.read();
}

}  // namespace odin::pytorch
