#include "kernels/cuda/library/peak.h"

#include <algorithm>

#include "kernels/backend.h"
#include "kernels/cuda/library/cublas.h"
#include "kernels/cuda/operations.h"
#include "kernels/cuda/runtime/memory.h"
#include "kernels/cuda/runtime/stream.h"

namespace odin::cuda {

double peak_gflops(Precision precision) {
  constexpr int kSize = 8192;
  constexpr int kRuns = 10;
  const Element element = element_of(precision);
  const OwnedStream stream;
  const DeviceBuffer noise(std::size_t{kSize} * kSize * sizeof(float));
  const DeviceBuffer workspace(std::size_t{32} << 20);
  DeviceBuffer matrices[3];
  for (std::size_t i = 0; i < 3; ++i) {
    matrices[i] = DeviceBuffer(std::size_t{kSize} * kSize * size_of(element));
    // Random numbers: zeros take less power and run faster.
    normal_noise({i, 0}, 0, noise.as<float>(), std::int64_t{kSize} * kSize, stream);
    copy({noise.data(), Element::kFloat, kSize, 1, 1, kSize, kSize},
         {matrices[i].data(), element, kSize, 1, 1, kSize, kSize}, stream);
  }
  CublasHandle cublas;
  const Lane lane{stream, workspace.data(), workspace.size()};
  const auto matrix = [&](std::size_t i) {
    return CublasHandle::Matrix{matrices[i].data(), kSize};
  };
  float least = 0;
  for (int run = 0; run <= kRuns; ++run) {
    Event begin;
    Event end;
    begin.record(stream);
    cublas.multiply(kSize, kSize, kSize, matrix(0), matrix(1), matrix(2), element,
                    precision == Precision::kTf32, false, lane);
    end.record(stream);
    end.synchronize();
    const float time = Event::elapsed_ms(begin, end);
    if (run == 1 || (run > 1 && time < least)) least = time;  // the first one warms up
  }
  return 2.0 * kSize * kSize * kSize / (least * 1e6);
}

double copy_gbytes() {
  constexpr std::size_t kBytes = std::size_t{1} << 30;
  constexpr int kRuns = 10;
  const OwnedStream stream;
  const DeviceBuffer from(kBytes);
  const DeviceBuffer to(kBytes);
  float least = 0;
  for (int run = 0; run <= kRuns; ++run) {
    Event begin;
    Event end;
    begin.record(stream);
    ODIN_CUDA_CHECK(
        cudaMemcpyAsync(to.data(), from.data(), kBytes, cudaMemcpyDeviceToDevice, stream),
        "{} bytes", kBytes);
    end.record(stream);
    end.synchronize();
    const float time = Event::elapsed_ms(begin, end);
    if (run == 1 || (run > 1 && time < least)) least = time;
  }
  return 2.0 * static_cast<double>(kBytes) / (least * 1e6);
}

}  // namespace odin::cuda
