// wgmma: products of matrices in shared memory, as the PTX manual defines them ("Asynchronous
// warpgroup level matrix instructions"): descriptors, swizzles, and which thread holds which sums.
//
// A product may read its matrices at any time until it is waited for, and its sums are not valid
// before. So the emulation reads the matrices twice, when the product starts and when it is waited
// for, and reports a change. In between the sums are NaN, and they stay NaN if nobody waits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "tests/cuda_on_cpu/emulated_tensor_core.h"
#include "tests/cuda_on_cpu/emulator.h"
#include "tests/cuda_on_cpu/groups.h"

namespace emulated {

// One thread's part of the products that its warpgroup has under way.
class WarpgroupProducts {
 public:
  using Unpack = float2 (*)(std::uint32_t);

  void fence() { ++fences_; }
  void start(float* sums, const Matrices& matrices, bool accumulate, Unpack unpack);
  void commit();
  void wait(int pending);
  // Called at the start of a block.
  void clear();

 private:
  struct Product {
    float* sums = nullptr;
    Matrices matrices;
    bool accumulate = false;
    Unpack unpack = nullptr;
    std::vector<std::uint32_t> operands;  // two rows of A and a quarter of B's, 16 elements each
  };
  // What a thread's sums would be if it could read them.
  struct Sums {
    std::vector<float> values;
    int under_way = 0;
    std::size_t fences = 0;  // passed when the thread last owned the sums
  };

  void finish(const Product& product);

  std::map<float*, Sums> sums_;
  Groups<Product> products_;
  std::size_t fences_ = 0;
  std::size_t started_ = 0;
};

void wgmma_fence(const char* file = __builtin_FILE(), int line = __builtin_LINE());
void wgmma_commit(const char* file = __builtin_FILE(), int line = __builtin_LINE());
// Waits until at most `pending` committed groups are under way.
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
