#include "tests/cuda_on_cpu/emulated_warpgroup.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <span>

#include <fmt/format.h>

#include "tests/cuda_on_cpu/unwatched.h"

namespace emulated {
namespace {

constexpr std::size_t kDepth = 16;          // of one product, in elements
constexpr std::size_t kWords = kDepth / 2;  // of a row
constexpr std::size_t kMostColumns = 256;   // of B
using Operands = std::array<std::uint32_t, (2 + kMostColumns / 4) * kWords>;
constexpr std::uint32_t kUnknown = 0xffffffff;  // a sum under way: a NaN

// Copies row `row` of the matrix, `kDepth` elements with the depth innermost, from shared memory.
// The PTX manual defines the descriptor's fields in "Matrix descriptor format" and the places of
// the chunks in "Canonical layouts".
void read_row(const SharedWindow& memory, std::uint64_t descriptor, std::uint32_t row,
              std::uint32_t* words) {
  const auto field = [descriptor](int first, int bits) {
    return static_cast<std::uint32_t>(descriptor >> first & ((1u << bits) - 1));
  };
  const std::uint32_t start = field(0, 14) << 4;
  const std::uint32_t leading = field(16, 14) << 4;
  const std::uint32_t stride = field(32, 14) << 4;
  const std::uint32_t mode = field(62, 2);
  if (field(14, 2) + field(30, 2) + field(46, 3) + field(52, 10) != 0) {
    throw KernelError(
        fmt::format("bits of a matrix descriptor are set that mean nothing: {:#018x}", descriptor));
  }
  if (field(49, 3) != 0) throw KernelError("matrices with a base offset are not emulated");
  // Eight rows form a group: 16 bytes apart without a swizzle, else as far apart as the swizzle
  // reaches.
  const std::uint32_t row_bytes = std::array{16u, 128u, 64u, 32u}[mode];
  const std::uint32_t next_chunk = mode == 0 ? leading : 16;
  for (std::uint32_t chunk = 0; chunk < 2; ++chunk) {
    std::uint32_t address = start + row / 8 * stride + row % 8 * row_bytes + chunk * next_chunk;
    // Address bits 4 to 6 (4 to 5, 4) are exchanged by bits 7 to 9 (7 to 8, 7).
    address ^= address >> 3 & (row_bytes - 16);
    if (address < memory.begin || address + 16 > memory.end) {
      throw KernelError(
          fmt::format("address {:#x}, where a matrix is described to be, is not within "
                      "the block's shared memory",
                      address));
    }
    const auto* from = reinterpret_cast<const std::uint32_t*>(memory.origin + address);
    for (std::size_t i = 0; i < 4; ++i) *words++ = from[i];
  }
}

// Reads into `words` the rows of the matrices that the running thread needs: 16 w + l / 4 and the
// one 8 below of A; of B those that are the thread's columns, 8 j + 2 (l % 4) and the next. Returns
// their words. `words` is on the stack of the running thread: memory that threads share would look
// like their race.
std::span<const std::uint32_t> read_operands(const Matrices& matrices, Operands& words) {
  const unsigned warp = thread_index() / 32 % 4;
  const unsigned own = lane();
  const SharedWindow memory = shared_window();
  std::uint32_t* next = words.data();
  const auto read = [&](std::uint64_t descriptor, std::uint32_t row) {
    read_row(memory, descriptor, row, next);
    next += kWords;
  };
  read(matrices.a, 16 * warp + own / 4);
  read(matrices.a, 16 * warp + own / 4 + 8);
  for (unsigned j = 0; j < static_cast<unsigned>(matrices.columns); j += 8) {
    read(matrices.b, j + 2 * (own % 4));
    read(matrices.b, j + 2 * (own % 4) + 1);
  }
  return {words.data(), next};
}

bool is_unknown(const float* sums, std::size_t count) {
  return std::all_of(sums, sums + count,
                     [](float sum) { return std::bit_cast<std::uint32_t>(sum) == kUnknown; });
}

void align(const char* operation, const char* file, int line) {
  meet(kWholeWarp, operation, {}, false, file, line);
}

}  // namespace

void WarpgroupProducts::start(float* sums, const Matrices& matrices, bool accumulate,
                              Unpack unpack) {
  {
    const Unwatched unwatched;
    check_product(started_++, matrices);
    const auto count = static_cast<std::size_t>(matrices.columns) / 2;
    Sums& own = sums_[sums];
    if (own.under_way == 0) {
      if (fences_ == own.fences) {
        throw KernelError("a product starts on sums that wgmma.fence has not given to it");
      }
      own.values.assign(count, 0);
      if (accumulate) std::copy_n(sums, count, own.values.begin());
      std::fill_n(sums, count, std::bit_cast<float>(kUnknown));
    } else if (own.values.size() != count || !is_unknown(sums, count)) {
      throw KernelError(
          "sums are touched, or used with another width, while a product adds to them");
    }
    ++own.under_way;
  }
  Operands words;
  const auto operands = read_operands(matrices, words);  // watched: the kernel's own accesses
  const Unwatched unwatched;
  Product& product = products_.add();
  product.sums = sums;
  product.matrices = matrices;
  product.accumulate = accumulate;
  product.unpack = unpack;
  product.operands.assign(operands.begin(), operands.end());
}

void WarpgroupProducts::clear() {
  sums_.clear();
  products_.clear();
  fences_ = started_ = 0;
}

void WarpgroupProducts::commit() {
  products_.commit();
}

void WarpgroupProducts::wait(int pending) {
  for (;;) {
    std::span<const Product> group;
    {
      const Unwatched unwatched;
      if (products_.under_way() <= static_cast<std::size_t>(pending)) return;
      group = products_.oldest();
    }
    for (const Product& product : group) {
      Matrices matrices;
      {
        const Unwatched unwatched;
        matrices = product.matrices;
      }
      Operands words;
      const auto now = read_operands(matrices, words);
      const Unwatched unwatched;
      if (!std::ranges::equal(now, product.operands)) {
        throw KernelError("shared memory was written while a product that reads it was under way");
      }
      finish(product);
    }
    const Unwatched unwatched;
    products_.drop_oldest();
  }
}

void WarpgroupProducts::finish(const Product& product) {
  Sums& own = sums_[product.sums];
  std::array<std::array<float, kDepth>, 2 + kMostColumns / 4> rows;
  for (std::size_t i = 0; i < product.operands.size(); ++i) {
    const float2 pair = product.unpack(product.operands[i]);
    rows[i / kWords][i % kWords * 2] = pair.x;
    rows[i / kWords][i % kWords * 2 + 1] = pair.y;
  }
  for (std::size_t i = 0; i < own.values.size(); ++i) {
    const auto& a = rows[i / 2 % 2];
    const auto& b = rows[2 + i / 4 * 2 + i % 2];
    float sum = product.accumulate ? own.values[i] : 0;
    for (std::size_t k = 0; k < kDepth; ++k) sum += a[k] * b[k];
    own.values[i] = sum;
  }
  if (--own.under_way > 0) return;
  if (!is_unknown(product.sums, own.values.size())) {
    throw KernelError("sums are written while a product adds to them");
  }
  std::copy(own.values.begin(), own.values.end(), product.sums);
  own.fences = fences_;
}

void wgmma_fence(const char* file, int line) {
  align("wgmma.fence", file, line);
  products().fence();
}

void wgmma_commit(const char* file, int line) {
  align("wgmma.commit_group", file, line);
  const Unwatched unwatched;
  products().commit();
}

void wgmma_wait(int pending, const char* file, int line) {
  align("wgmma.wait_group", file, line);
  products().wait(pending);
}

void wgmma(float* sums, const Matrices& matrices, bool accumulate, WarpgroupProducts::Unpack unpack,
           const char* file, int line) {
  align("wgmma.mma_async", file, line);
  products().start(sums, matrices, accumulate, unpack);
}

}  // namespace emulated
