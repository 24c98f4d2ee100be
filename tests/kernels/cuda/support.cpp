#include "tests/kernels/cuda/support.h"

#include <cmath>
#include <cstring>
#include <limits>

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <doctest/doctest.h>

#include "kernels/error.h"
#include "kernels/philox.h"
#include "tests/support/support.h"

namespace odin::test {
namespace {

void check_status(cudaError_t status) {
  if (status != cudaSuccess) fail("a CUDA call of a test failed: {}", cudaGetErrorString(status));
}

// Around an activation: whoever reads it makes NaN of everything, zero times it included.
constexpr double kSentinel = std::numeric_limits<double>::quiet_NaN();

void encode(Element element, double value, std::byte* to) {
  const auto single = static_cast<float>(value);
  if (element == Element::kHalf) {
    const __half h = __float2half_rn(single);
    std::memcpy(to, &h, sizeof h);
  } else if (element == Element::kBFloat16) {
    const __nv_bfloat16 b = __float2bfloat16_rn(single);
    std::memcpy(to, &b, sizeof b);
  } else {
    std::memcpy(to, &single, sizeof single);
  }
}

double decode(Element element, const std::byte* from) {
  if (element == Element::kHalf) {
    __half h;
    std::memcpy(&h, from, sizeof h);
    return __half2float(h);
  }
  if (element == Element::kBFloat16) {
    __nv_bfloat16 b;
    std::memcpy(&b, from, sizeof b);
    return __bfloat162float(b);
  }
  float f;
  std::memcpy(&f, from, sizeof f);
  return f;
}

}  // namespace

std::vector<double> noise(std::uint64_t seed, std::int64_t count) {
  std::vector<double> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = 2.0 * double{philox_uniform(seed, 0, i)} - 1.0;
  }
  return values;
}

double unit_roundoff(Element element) {
  switch (element) {
    case Element::kFloat:
      return 0x1p-24;
    case Element::kHalf:
      return 0x1p-11;
    case Element::kBFloat16:
      return 0x1p-8;
  }
  fail("element type {} is not known", static_cast<int>(element));
}

const char* name_of(Element element) {
  return element == Element::kFloat ? "float" : element == Element::kHalf ? "half" : "bfloat16";
}

DeviceMemory::DeviceMemory(std::size_t bytes) : bytes_(bytes) {
  check_status(cudaMalloc(&data_, bytes));
}
DeviceMemory::~DeviceMemory() {
  cudaFree(data_);
}
void DeviceMemory::read(void* host) const {
  check_status(cudaMemcpy(host, data_, bytes_, cudaMemcpyDeviceToHost));
}
void DeviceMemory::write(const void* host) {
  check_status(cudaMemcpy(data_, host, bytes_, cudaMemcpyHostToDevice));
}

DeviceArray<float> device_floats(std::span<const double> values) {
  return DeviceArray<float>(std::vector<float>(values.begin(), values.end()));
}
std::vector<double> doubles(const DeviceArray<float>& array) {
  const std::vector<float> values = array.values();
  return {values.begin(), values.end()};
}
std::vector<double> unchanged(const DeviceArray<float>& array) {
  const std::vector<float>& values = array.unchanged();
  return {values.begin(), values.end()};
}

DeviceActivation::DeviceActivation(Element element, const Shape& shape,
                                   std::span<const double> values, Placement placement)
    : element_(element),
      shape_(shape),
      placement_(placement),
      pitch_(placement.begin + shape[1] + placement.beyond),
      memory_(static_cast<std::size_t>(shape[0] * shape[2] * shape[3] * pitch_) *
              cuda::size_of(element)) {
  REQUIRE(static_cast<std::int64_t>(values.size()) == shape.numel());
  const std::size_t size = cuda::size_of(element);
  std::vector<std::byte> bytes(memory_.bytes());
  for (std::size_t i = 0; i < bytes.size(); i += size) encode(element, kSentinel, &bytes[i]);
  const std::int64_t pixels = shape[2] * shape[3];
  for (std::int64_t i = 0; i < shape.numel(); ++i) {
    const std::int64_t channel = i / pixels % shape[1];
    const std::int64_t pixel = i / (pixels * shape[1]) * pixels + i % pixels;
    const auto place = static_cast<std::size_t>(pixel * pitch_ + placement_.begin + channel);
    encode(element, values[static_cast<std::size_t>(i)], &bytes[place * size]);
    initial_.push_back(decode(element, &bytes[place * size]));
  }
  memory_.write(bytes.data());
}

cuda::View DeviceActivation::view() const {
  const auto extent = [this](int axis) { return static_cast<int>(shape_[axis]); };
  return {static_cast<std::byte*>(memory_.data()) +
              static_cast<std::size_t>(placement_.begin) * cuda::size_of(element_),
          element_,
          extent(0),
          extent(2),
          extent(3),
          extent(1),
          pitch_};
}

std::vector<double> DeviceActivation::values() const {
  const std::size_t size = cuda::size_of(element_);
  std::vector<std::byte> bytes(memory_.bytes());
  memory_.read(bytes.data());
  const std::int64_t pixels = shape_[2] * shape_[3];
  std::vector<double> values(static_cast<std::size_t>(shape_.numel()));
  std::int64_t touched = 0;
  for (std::int64_t pixel = 0; pixel < shape_[0] * pixels; ++pixel) {
    for (std::int64_t c = 0; c < pitch_; ++c) {
      const double value =
          decode(element_, &bytes[static_cast<std::size_t>(pixel * pitch_ + c) * size]);
      const std::int64_t channel = c - placement_.begin;
      if (channel < 0 || channel >= shape_[1]) {
        touched += !std::isnan(value);
      } else {
        const std::int64_t place = (pixel / pixels * shape_[1] + channel) * pixels + pixel % pixels;
        values[static_cast<std::size_t>(place)] = value;
      }
    }
  }
  CHECK(touched == 0);
  return values;
}

const std::vector<double>& DeviceActivation::unchanged() const {
  if (!few_cases()) CHECK(values() == initial_);
  return initial_;
}

void check_close(std::span<const double> values, std::span<const double> wanted, double tolerance) {
  const double error = relative_error(values, wanted);
  CHECK(error <= tolerance);  // false for NaN
}

bool device_or_skip() {
  int count = 0;
  if (cudaGetDeviceCount(&count) == cudaSuccess && count > 0) return true;
  cudaGetLastError();
  skip("there is no CUDA device");
  return false;
}

}  // namespace odin::test
