// The emulation's warpgroup products: what they compute, and what they refuse.
#include <array>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "kernels/cuda/conv/convolution.h"
#include "kernels/cuda/device/shared.cuh"
#include "kernels/cuda/device/warpgroup.cuh"
#include "kernels/cuda/runtime/launch.h"
#include "kernels/error.h"
#include "tests/support/environment.h"

using namespace odin;
using cuda::Half;

namespace {

constexpr int kColumns = 48;
constexpr int kDepth = 16;

// The manual's swizzles by their number in a descriptor: bytes of a row of shared memory. Without
// one, eight rows of 16 bytes lie together, and the other half of their depth elsewhere.
constexpr std::array<int, 4> kRowBytes = {16, 128, 64, 32};
constexpr int kOtherHalf = 8192;  // a leading byte offset

// Where chunk `chunk` of row `row` lies.
int place(int mode, int row, int chunk) {
  switch (mode) {
    case 1:  // 128 bytes: eight rows, each begins with another chunk
      return row * 128 + (chunk ^ row % 8) * 16;
    case 2:  // 64 bytes: two rows begin with the same chunk
      return row * 64 + (chunk ^ row / 2 % 4) * 16;
    case 3:  // 32 bytes: four
      return row * 32 + (chunk ^ row / 4 % 2) * 16;
    default:
      return row * 16 + chunk * kOtherHalf;
  }
}

std::uint64_t describe(int mode, const std::byte* memory) {
  const std::uint64_t eight_rows = 8 * static_cast<std::uint64_t>(kRowBytes[mode]);
  return emulated::shared_address(memory) >> 4 | static_cast<std::uint64_t>(kOtherHalf) >> 4 << 16 |
         eight_rows >> 4 << 32 | static_cast<std::uint64_t>(mode) << 62;
}

// One warpgroup: sums = a b^T, twice over with `twice`; a is 64 x 16, b kColumns x 16.
__global__ void multiply(int mode, bool twice, const Half* a, const Half* b, float* sums) {
  auto* memory = cuda::dynamic_shared<std::byte>();
  std::byte* columns = memory + 16384;
  const int thread = static_cast<int>(threadIdx.x);
  for (int i = thread; i < 2 * (64 + kColumns); i += 128) {
    const bool of_a = i < 128;
    const int row = (of_a ? i : i - 128) / 2;
    const Half* from = (of_a ? a : b) + row * kDepth + i % 2 * 8;
    cuda::copy_async<16>((of_a ? memory : columns) + place(mode, row, i % 2), from, true);
  }
  cuda::commit_copies();
  cuda::wait_for_copies<0>();
  cuda::publish_to_products();
  __syncthreads();
  float own[kColumns / 2];
  cuda::begin_products();
  for (int i = 0; i <= (twice ? 1 : 0); ++i) {
    cuda::multiply_rows<Half, kColumns>(own, describe(mode, memory), describe(mode, columns),
                                        i > 0);
  }
  cuda::commit_products();
  cuda::wait_for_products<0>();
  for (int i = 0; i < kColumns / 2; ++i) sums[thread * kColumns / 2 + i] = own[i];
}

std::vector<Half> values(int rows, int seed) {
  std::vector<Half> made;
  for (int i = 0; i < rows * kDepth; ++i) {  // integers, so that sums are exact
    made.push_back(__float2half_rn(static_cast<float>((i * 37 + seed) % 11 - 5)));
  }
  return made;
}

// What is wrong with a kernel that is otherwise right.
enum class Fault {
  kNone,
  kNoFence,
  kNotPublished,
  kWrittenAfterPublishing,
  kOverwritten,
  kSumsWritten,
  kOtherMatrices,
  kNotCommitted,
};

__global__ void multiply_zeros(Fault fault, const Half* zeros, float* sums) {
  auto* memory = cuda::dynamic_shared<std::byte>();
  const int thread = static_cast<int>(threadIdx.x);
  for (int i = thread; i < 1024; i += 128) cuda::copy_async<16>(memory + 16 * i, zeros, false);
  cuda::commit_copies();
  cuda::wait_for_copies<0>();
  auto* own_word = reinterpret_cast<std::uint32_t*>(memory + 16 * thread);
  if (fault != Fault::kNotPublished) cuda::publish_to_products();
  if (fault == Fault::kWrittenAfterPublishing && thread == 77) *own_word = 1;
  __syncthreads();
  float own[8] = {};
  if (fault != Fault::kNoFence) cuda::begin_products();
  const bool other = fault == Fault::kOtherMatrices && thread >= 96;
  const std::uint64_t rows = cuda::describe_rows(memory);
  cuda::multiply_rows<Half, 16>(own, other ? rows + 64 : rows, rows, true);
  if (fault == Fault::kSumsWritten) own[5] = 0;
  if (fault == Fault::kOverwritten && thread == 0) *own_word = 1;
  if (fault != Fault::kNotCommitted) cuda::commit_products();
  cuda::wait_for_products<0>();
  sums[thread] = own[5];
}

void run(Fault fault, unsigned threads = 128) {
  const std::vector<Half> zeros(8);
  std::vector<float> sums(threads);
  cuda::launch(multiply_zeros, {dim3(1), dim3(threads), 16384, nullptr}, fault, zeros.data(),
               sums.data());
  for (const float sum : sums) {
    if (sum != 0) throw emulated::KernelError("a sum is not zero");
  }
}

}  // namespace

TEST_CASE("cuda on cpu: warpgroup products of matrices in every layout") {
  const std::vector<Half> a = values(64, 1);
  const std::vector<Half> b = values(kColumns, 6);
  for (const bool twice : {false, true}) {
    for (int mode = 0; mode < 4; ++mode) {
      CAPTURE(mode);
      std::vector<float> sums(64 * kColumns, NAN);
      cuda::launch(multiply, {dim3(1), dim3(128), 32768, nullptr}, mode, twice, a.data(), b.data(),
                   sums.data());
      for (int row = 0; row < 64; ++row) {
        for (int column = 0; column < kColumns; ++column) {
          float wanted = 0;
          for (int k = 0; k < kDepth; ++k) {
            wanted += __half2float(a[static_cast<std::size_t>(row * kDepth + k)]) *
                      __half2float(b[static_cast<std::size_t>(column * kDepth + k)]);
          }
          // "Matrix fragments for wgmma.mma_async.m64nNk16", matrix D.
          const int thread = row / 16 * 32 + row % 8 * 4 + column % 8 / 2;
          const int i = column / 8 * 4 + row % 16 / 8 * 2 + column % 2;
          CHECK(sums[static_cast<std::size_t>(thread * kColumns / 2 + i)] ==
                (twice ? 2 : 1) * wanted);
        }
      }
    }
  }
}

TEST_CASE("cuda on cpu: warpgroup products that CUDA leaves undefined are reported") {
  CHECK_NOTHROW(run(Fault::kNone));
  const auto refuses = [](Fault fault, const char* words) {
    CHECK_THROWS_WITH_AS(run(fault), doctest::Contains(words), emulated::KernelError);
  };
  refuses(Fault::kNoFence, "wgmma.fence has not given");
  refuses(Fault::kNotPublished, "not published by fence.proxy.async");
  refuses(Fault::kWrittenAfterPublishing, "not published by fence.proxy.async");
  refuses(Fault::kOverwritten, "while a product that reads it was under way");
  refuses(Fault::kSumsWritten, "sums are written");
  refuses(Fault::kOtherMatrices, "other matrices");
  refuses(Fault::kNotCommitted, "not zero");  // it never ends: its sums stay NaN
  CHECK_THROWS_WITH_AS(run(Fault::kNone, 96), doctest::Contains("four whole warps"),
                       emulated::KernelError);
}

TEST_CASE("cuda on cpu: only compute capability 9.0 convolves by warpgroup products") {
  const std::vector<Half> values(64);
  cuda::ForwardConvolution convolution;
  convolution.x = {values.data(), cuda::Element::kHalf, 1, 2, 2, 16, 16};
  convolution.y = {const_cast<Half*>(values.data()), cuda::Element::kHalf, 1, 2, 2, 16, 16};
  const auto can = [&] { return can_run(convolution, cuda::ConvolutionVersion::kWgmma); };
  CHECK(can());
  for (const char* other : {"80", "86", "89", "100", "120"}) {
    const test::Environment capability("ODIN_EMULATED_CAPABILITY", other);
    CAPTURE(other);
    CHECK(!can());
    CHECK_THROWS_WITH_AS(
        convolution_forward(convolution, cuda::ConvolutionVersion::kWgmma, nullptr),
        doctest::Contains("the wgmma version cannot do"), Error);
  }
  convolution.x.channels = 2049;  // no room for the factors of a prologue
  CHECK(!can());
}
