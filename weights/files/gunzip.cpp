#include "weights/files/gunzip.h"

#include <cstdint>
#include <limits>
#include <new>
#include <utility>
#include <vector>

#include <zlib.h>

#include "kernels/error.h"

namespace odin {
namespace {

constexpr std::size_t kBlock = 1 << 18;
constexpr int kGzipWindow = 15 + 16;  // zlib's largest window, and gzip's header

}  // namespace

struct Gunzip::State {
  explicit State(Source compressed) : source(std::move(compressed)), block(kBlock) {
    if (inflateInit2(&stream, kGzipWindow) != Z_OK) throw std::bad_alloc();
  }
  ~State() { inflateEnd(&stream); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // Whether there are more compressed bytes.
  bool refill() {
    const std::size_t count = source(block);
    taken += count;
    stream.next_in = reinterpret_cast<Bytef*>(block.data());
    stream.avail_in = static_cast<uInt>(count);
    return count > 0;
  }

  Source source;
  std::vector<std::byte> block;
  std::uint64_t taken = 0;  // compressed bytes, so far
  z_stream stream{};
  bool ended = false;  // a member, and no other has begun
};

bool looks_like_gzip(std::span<const std::byte> begin) {
  return begin.size() >= 2 && begin[0] == std::byte{0x1f} && begin[1] == std::byte{0x8b};
}

Gunzip::Gunzip(Source source) : state_(std::make_unique<State>(std::move(source))) {}

Gunzip::~Gunzip() = default;

std::size_t Gunzip::read(std::span<std::byte> out) {
  require(out.size() <= std::numeric_limits<uInt>::max(), "{} bytes are too many to unpack at once",
          out.size());
  z_stream& stream = state_->stream;
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  while (stream.avail_out > 0) {
    if (stream.avail_in == 0 && !state_->refill()) {
      require(state_->ended, "its gzip data ends early (was the file cut short?)");
      break;
    }
    if (state_->ended) {
      if (*stream.next_in == 0) {  // padding
        ++stream.next_in;
        --stream.avail_in;
        continue;
      }
      require(inflateReset(&stream) == Z_OK, "zlib cannot be initialised");
      state_->ended = false;
    }
    const int status = inflate(&stream, Z_NO_FLUSH);
    require(status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR,
            "its gzip data is damaged near byte {}", state_->taken - stream.avail_in);
    state_->ended = status == Z_STREAM_END;
  }
  return out.size() - stream.avail_out;
}

}  // namespace odin
