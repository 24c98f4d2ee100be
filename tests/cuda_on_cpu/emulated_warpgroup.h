// wgmma: products of matrices in shared memory, as the PTX manual has them ("Asynchronous warpgroup
// level matrix instructions"): descriptors, swizzles, and who holds which of the sums.
//
// A product may read its matrices at any time until it is waited for, and nobody may look at its sums
// before. So the matrices are read twice, when the product is started and when it is waited for, and
// must not have changed; meanwhile the sums are NaN, and stay NaN if they are never waited for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "tests/cuda_on_cpu/emulated_tensor_core.h"
#include "tests/cuda_on_cpu/emulator.h"

namespace emulated {

// The products that one thread has under way: its part of those of its warpgroup.
class WarpgroupProducts {
 public:
  using Unpack = float2 (*)(std::uint32_t);

  void fence() { ++fences_; }
  void start(float* sums, const Matrices& matrices, bool accumulate, Unpack unpack);
  void commit();
  void wait(int pending);
  // At the start of a block.
  void clear() {
    if (fences_ + started_ > 0) *this = WarpgroupProducts();
  }

 private:
  // Two rows of A and a quarter of B's, 16 elements each.
  using Operands = std::vector<std::uint32_t>;
  struct Product {
    float* sums = nullptr;
    Matrices matrices;
    bool accumulate = false;
    Unpack unpack = nullptr;
    Operands operands;
  };
  // What a thread's sums would be if it could look at them.
  struct Sums {
    std::vector<float> values;
    int under_way = 0;
    std::size_t fences = 0;  // when they were last the thread's
  };

  void finish(const Product& product);

  std::map<float*, Sums> sums_;
  std::vector<Product> open_;
  std::deque<std::vector<Product>> groups_;
  std::size_t fences_ = 0;
  std::size_t started_ = 0;
};

void wgmma_fence(const char* file = __builtin_FILE(), int line = __builtin_LINE());
void wgmma_commit(const char* file = __builtin_FILE(), int line = __builtin_LINE());
// Until at most `pending` committed groups are under way.
void wgmma_wait(int pending, const char* file = __builtin_FILE(), int line = __builtin_LINE());
void wgmma(float* sums, const Matrices& matrices, bool accumulate, WarpgroupProducts::Unpack unpack,
           const char* file, int line);

// m64nNk16, N = columns: sums = A B, or +=.
template <class T>
void wgmma(float* sums, int columns, std::uint64_t a, std::uint64_t b, bool accumulate,
           const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  wgmma(
      sums, {a, b, columns}, accumulate, [](std::uint32_t word) { return unpack(word, T{}); }, file,
      line);
}

}  // namespace emulated
