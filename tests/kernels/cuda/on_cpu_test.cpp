// Tests of the emulation itself: what it computes, and what it refuses.
#include <cmath>
#include <vector>

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <doctest/doctest.h>

#include "kernels/cuda/device/shared.cuh"
#include "kernels/cuda/runtime/launch.h"
#include "kernels/error.h"

using namespace odin;
using cuda::Geometry;
using cuda::launch;

namespace {

Geometry one_block(unsigned threads, std::size_t shared_bytes = 0) {
  return {dim3(1), dim3(threads), shared_bytes, nullptr};
}

__global__ void where_am_i(int* seen) {
  const unsigned block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  const unsigned thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
  ++seen[block * blockDim.x * blockDim.y * blockDim.z + thread];
}

struct Reversal {
  int value[96];
};
__global__ void reverse(int* values) {
  auto& shared = cuda::block_shared<Reversal>();
  const unsigned i = threadIdx.x;
  shared.value[i] = values[blockIdx.x * 96 + i];
  __syncthreads();
  values[blockIdx.x * 96 + i] = shared.value[95 - i];
}

struct Unwritten {
  float value;
};
__global__ void read_unwritten(float* to) {
  to[blockIdx.x] = cuda::block_shared<Unwritten>().value;
  cuda::block_shared<Unwritten>().value = 1;
}

__global__ void exchange(int* down, int* xored, int* first, unsigned* vote, int* any, int* sum) {
  const int lane = static_cast<int>(threadIdx.x % 32);
  down[threadIdx.x] = __shfl_down_sync(0xffffffffu, lane, 3);
  xored[threadIdx.x] = __shfl_xor_sync(0xffffffffu, lane, 5);
  first[threadIdx.x] = __shfl_sync(0xffffffffu, lane, 0, 8);
  vote[threadIdx.x] = __ballot_sync(0xffffffffu, lane % 3 == 0);
  any[threadIdx.x] = __any_sync(0xffffffffu, threadIdx.x == 40);
  sum[threadIdx.x] = __reduce_add_sync(0xffffffffu, lane);
}

// The two halves of a warp go through different numbers of exchanges.
__global__ void halves(int* sums) {
  const bool low = threadIdx.x < 16;
  const unsigned mask = low ? 0xffffu : 0xffff0000u;
  int value = 1;
  for (int distance = low ? 8 : 2; distance > 0; distance /= 2) {
    value += __shfl_xor_sync(mask, value, distance);
  }
  sums[threadIdx.x] = value;
}

__global__ void some_exit_before_barrier() {
  if (threadIdx.x >= 40) return;
  __syncthreads();
}
__global__ void two_barriers() {
  if (threadIdx.x % 2 == 0) {
    __syncthreads();
  } else {
    __syncthreads();
  }
}
__global__ void half_warp_shuffles(int* to) {
  if (threadIdx.x < 16) to[threadIdx.x] = __shfl_sync(0xffffffffu, 1, 0);
}
__global__ void two_operations() {
  if (threadIdx.x < 16) {
    __shfl_sync(0xffffffffu, 1, 0);
  } else {
    __any_sync(0xffffffffu, 1);
  }
}
__global__ void not_in_mask() {
  __shfl_sync(0x0000fffeu, 1, 1);
}
__global__ void reads_beyond_mask() {
  if (threadIdx.x < 16) __shfl_sync(0xffffu, 1, 20);
}
__global__ void does_nothing() {}

struct CopyTarget {
  alignas(16) float value[8];
};
__global__ void copy_asynchronously(const float* from, float* before, float* after) {
  auto& shared = cuda::block_shared<CopyTarget>();
  emulated::async_copy(&shared.value[0], from, 16, 16);
  emulated::async_commit();
  emulated::async_copy(&shared.value[4], from + 4, 8, 16);
  emulated::async_commit();
  before[0] = shared.value[0];
  emulated::async_wait(1);
  before[1] = shared.value[3];
  before[2] = shared.value[4];
  emulated::async_wait(0);
  for (int i = 0; i < 8; ++i) after[i] = shared.value[i];
}
__global__ void copy_narrowly(const float* from, std::size_t distance, std::size_t bytes,
                              float* to) {
  auto& shared = cuda::block_shared<CopyTarget>();
  const auto* begin = reinterpret_cast<const std::byte*>(from) + distance;
  emulated::async_copy(&shared.value[2], begin, bytes, bytes);
  emulated::async_commit();
  emulated::async_wait(0);
  for (int i = 0; i < 8; ++i) to[i] = shared.value[i];
}

}  // namespace

TEST_CASE("cuda on cpu: every thread of every block runs once and knows its place") {
  std::vector<int> seen(2 * 3 * 2 * 4 * 5 * 2);
  launch(where_am_i, {dim3(2, 3, 2), dim3(4, 5, 2), 0, nullptr}, seen.data());
  CHECK(seen == std::vector<int>(seen.size(), 1));
}

TEST_CASE("cuda on cpu: barriers order shared memory, block by block") {
  std::vector<int> values(2 * 96);
  for (int i = 0; i < 192; ++i) values[static_cast<std::size_t>(i)] = i;
  launch(reverse, {dim3(2), dim3(96), 0, nullptr}, values.data());
  CHECK(values[0] == 95);
  CHECK(values[95] == 0);
  CHECK(values[96] == 191);
}

TEST_CASE("cuda on cpu: shared memory starts as NaN in every block") {
  std::vector<float> seen(3);
  launch(read_unwritten, {dim3(3), dim3(1), 0, nullptr}, seen.data());
  for (const float value : seen) CHECK(std::isnan(value));
}

TEST_CASE("cuda on cpu: shuffles and votes return what the lanes brought") {
  std::vector<int> down(64), xored(64), first(64), any(64), sum(64);
  std::vector<unsigned> vote(64);
  launch(exchange, one_block(64), down.data(), xored.data(), first.data(), vote.data(), any.data(),
         sum.data());
  for (std::size_t i = 0; i < 64; ++i) {
    const int lane = static_cast<int>(i % 32);
    CHECK(down[i] == (lane + 3 < 32 ? lane + 3 : lane));
    CHECK(xored[i] == (lane ^ 5));
    CHECK(first[i] == lane / 8 * 8);
    CHECK(vote[i] == 0x49249249u);
    CHECK(any[i] == (i >= 32));
    CHECK(sum[i] == 496);
  }
}

TEST_CASE("cuda on cpu: parts of a warp may exchange on their own") {
  std::vector<int> sums(32);
  launch(halves, one_block(32), sums.data());
  for (std::size_t i = 0; i < 32; ++i) CHECK(sums[i] == (i < 16 ? 16 : 4));
}

TEST_CASE("cuda on cpu: threads that never reach a barrier are reported, not waited for") {
  CHECK_THROWS_WITH_AS(launch(some_exit_before_barrier, one_block(64)),
                       doctest::Contains("thread (40, 0, 0) has exited"), emulated::KernelError);
  CHECK_THROWS_WITH_AS(launch(two_barriers, one_block(32)), doctest::Contains("two barriers"),
                       emulated::KernelError);
  // The machine can run kernels again afterwards.
  std::vector<int> values(96, 7);
  launch(reverse, one_block(96), values.data());
  CHECK(values == std::vector<int>(96, 7));
}

TEST_CASE("cuda on cpu: warp operations that lanes of their mask do not join are reported") {
  std::vector<int> to(32);
  CHECK_THROWS_WITH_AS(launch(half_warp_shuffles, one_block(32), to.data()),
                       doctest::Contains("waits in __shfl_sync"), emulated::KernelError);
  CHECK_THROWS_WITH_AS(launch(two_operations, one_block(32)), doctest::Contains("__any_sync"),
                       emulated::KernelError);
  CHECK_THROWS_WITH_AS(launch(not_in_mask, one_block(32)), doctest::Contains("not in the mask"),
                       emulated::KernelError);
  CHECK_THROWS_WITH_AS(launch(reads_beyond_mask, one_block(32)), doctest::Contains("shuffle reads"),
                       emulated::KernelError);
}

TEST_CASE("cuda on cpu: an asynchronous copy arrives when it is waited for, not before") {
  alignas(16) float from[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  std::vector<float> before(3), after(8);
  launch(copy_asynchronously, one_block(1), &from[0], before.data(), after.data());
  CHECK(std::isnan(before[0]));
  CHECK(before[1] == 4);
  CHECK(std::isnan(before[2]));
  CHECK(after == std::vector<float>{1, 2, 3, 4, 5, 6, 0, 0});
}

TEST_CASE("cuda on cpu: an asynchronous copy is of 4, 8 or 16 bytes, and aligned to them") {
  alignas(16) float from[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  const auto copy = [&](std::size_t distance, std::size_t bytes) {
    std::vector<float> to(8);
    launch(copy_narrowly, one_block(1), &from[0], distance, bytes, to.data());
    return to;
  };
  CHECK(copy(8, 8)[2] == 3);
  CHECK(copy(8, 8)[3] == 4);
  CHECK(copy(4, 4)[2] == 2);
  CHECK(std::isnan(copy(4, 4)[3]));
  CHECK_THROWS_WITH_AS(copy(4, 8), doctest::Contains("not aligned to 8 bytes"),
                       emulated::KernelError);
  CHECK_THROWS_WITH_AS(copy(0, 16), doctest::Contains("not aligned to 16 bytes"),
                       emulated::KernelError);
  CHECK_THROWS_WITH_AS(copy(0, 2), doctest::Contains("no asynchronous copy of 2 bytes"),
                       emulated::KernelError);
}

TEST_CASE("cuda on cpu: launches that hardware refuses are refused, with place and sizes") {
  CHECK_THROWS_WITH_AS(launch(does_nothing, one_block(1025)),
                       doctest::Contains("1 x 1 x 1 blocks of 1025 x 1 x 1 threads"), Error);
  CHECK_THROWS_WITH_AS(launch(does_nothing, one_block(32, 300 * 1024)),
                       doctest::Contains("cudaErrorInvalidValue"), Error);
  launch(does_nothing, one_block(32, 100 * 1024));  // asks for its memory itself
  launch(does_nothing, {dim3(0), dim3(32), 0, nullptr});
}

TEST_CASE("cuda on cpu: a captured graph replays what was queued, when it is launched") {
  cudaStream_t stream = nullptr;
  REQUIRE(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking) == cudaSuccess);
  std::vector<int> values(96);
  REQUIRE(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal) == cudaSuccess);
  launch(reverse, {dim3(1), dim3(96), 0, stream}, values.data());
  launch(where_am_i, {dim3(1), dim3(32), 0, stream}, values.data());
  cudaGraph_t graph = nullptr;
  REQUIRE(cudaStreamEndCapture(stream, &graph) == cudaSuccess);
  CHECK(values[0] == 0);
  cudaGraphExec_t executable = nullptr;
  REQUIRE(cudaGraphInstantiate(&executable, graph) == cudaSuccess);
  cudaGraphDestroy(graph);
  cudaGraphLaunch(executable, stream);
  CHECK(values[0] == 1);
  CHECK(values[95] == 0);
  cudaGraphLaunch(executable, stream);
  CHECK(values[0] == 1);
  CHECK(values[95] == 1);
  cudaGraphExecDestroy(executable);
  cudaStreamDestroy(stream);
}

TEST_CASE("cuda on cpu: a recorded launch keeps the shared memory that it was allowed") {
  cudaStream_t stream = nullptr;
  REQUIRE(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking) == cudaSuccess);
  REQUIRE(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal) == cudaSuccess);
  std::vector<int> seen(32);
  launch(where_am_i, {dim3(1), dim3(32), 100 * 1024, stream}, seen.data());
  launch(where_am_i, {dim3(1), dim3(32), 60 * 1024, stream}, seen.data());
  cudaGraph_t graph = nullptr;
  REQUIRE(cudaStreamEndCapture(stream, &graph) == cudaSuccess);
  cudaGraphExec_t executable = nullptr;
  REQUIRE(cudaGraphInstantiate(&executable, graph) == cudaSuccess);
  cudaGraphDestroy(graph);
  CHECK(cudaGraphLaunch(executable, stream) == cudaSuccess);
  CHECK(seen == std::vector<int>(32, 2));
  cudaGraphExecDestroy(executable);
  cudaStreamDestroy(stream);
}

TEST_CASE("cuda on cpu: half precision rounds to nearest, ties to even") {
  for (unsigned bits = 0; bits < 0x10000; ++bits) {
    const __half h{static_cast<std::uint16_t>(bits)};
    const float value = __half2float(h);
    if (std::isnan(value)) {
      CHECK(std::isnan(__half2float(__float2half_rn(value))));
    } else if (__float2half_rn(value).bits != bits) {
      FAIL("half does not survive: " << bits);
    }
  }
  const auto round = [](float x) { return __half2float(__float2half_rn(x)); };
  CHECK(round(1 + 0x1p-11f) == 1);                 // a tie goes to the even neighbour
  CHECK(round(1 + 0x1.8p-10f) == 1 + 0x1p-9f);     // ... upwards too
  CHECK(round(1 + 0x1.002p-11f) == 1 + 0x1p-10f);  // just above a tie
  CHECK(round(65519.99f) == 65504);
  CHECK(std::isinf(round(65520)));
  CHECK(round(0x1.8p-25f) == 0x1p-24f);  // subnormal
  CHECK(round(0x1p-25f) == 0);
  const auto round_b = [](float x) { return __bfloat162float(__float2bfloat16_rn(x)); };
  CHECK(round_b(1 + 0x1p-8f) == 1);
  CHECK(round_b(1 + 0x1.8p-7f) == 1 + 0x1p-6f);
  CHECK(round_b(1 + 0x1.01p-8f) == 1 + 0x1p-7f);
  CHECK(std::isnan(round_b(NAN)));
}
