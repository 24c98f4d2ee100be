// The CUDA back end on the emulated device: every operation, and how a device is found.
#include <cuda_runtime.h>
#include <doctest/doctest.h>

#include "kernels/cuda/backend.h"
#include "tests/kernels/contract_checks.h"
#include "tests/support/environment.h"
#include "tests/support/support.h"

namespace odin::test {
namespace {

using cuda::use_gpu;

std::unique_ptr<Backend> make_emulated(Precision precision = Precision::kFloat32) {
  return std::make_unique<cuda::CudaBackend>(
      use_gpu("cuda:0", 0),
      DeviceOptions{.precision = precision, .convolution = ConvolutionAlgorithm::kOwn});
}

Tensors results_of(Backend& backend, const Operation& operation, bool sliced) {
  Run run(backend, operation, {.sliced = sliced, .unwanted = {}});
  Tensors results = results_of(backend, operation, run);
  CHECK(run.surroundings_untouched());
  return results;
}

// Float, and sums in another order than the reference's.
constexpr double kTolerance = 1e-5;

void check_operations(std::int64_t images, bool sliced) {
  const auto reference = make_reference_backend();
  const auto backend = make_emulated();
  for (const Operation& operation : operations(images)) {
    INFO(operation.name);
    if (!has_square_kernel(operation)) {
      Run run(*backend, operation, {});
      CHECK_THROWS_WITH_AS(operation.forward(*backend, run), doctest::Contains("square"), Error);
      continue;
    }
    const Tensors expected = results_of(*reference, operation, false);
    const Tensors results = results_of(*backend, operation, sliced);
    for (const auto& [name, values] : expected) {
      INFO(name);
      CHECK(relative_error(std::span<const double>(results.at(name)),
                           std::span<const double>(values)) <= kTolerance);
    }
  }
}

TEST_CASE("every operation on the emulated device computes what the reference defines") {
  if (few_cases())
    return;  // slices, and dense tensors where a gradient is not wanted, show as much
  check_operations(1, false);
  check_operations(3, false);
}

TEST_CASE("every operation on the emulated device reads and writes slices") {
  check_operations(2, true);
}

TEST_CASE("values uploaded to a slice leave what is around them alone on the emulated device") {
  for (const Precision precision : {Precision::kFloat32, Precision::kFloat16}) {
    const auto backend = make_emulated(precision);
    const DataType type = backend->activation_type();
    const Shape shape{2, 6, 4, 5};
    const auto memory = backend->allocate(240 * size_of(type));
    const TensorView whole(memory.get(), type, shape, backend->activation_strides(shape));
    backend->upload(std::vector<double>(240, 1.5).data(), whole);
    backend->upload(std::vector<double>(120, -3).data(), whole.channels(1, 3));
    std::vector<double> values(240);
    backend->download(whole, values.data());
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::size_t channel = i / 20 % 6;
      CHECK(values[i] == (channel >= 1 && channel < 4 ? -3 : 1.5));
    }
  }
}

TEST_CASE("an empty batch changes nothing on the emulated device") {
  check_no_images(*make_emulated(), has_square_kernel);
}

TEST_CASE(
    "a gradient that is not wanted is not computed on the emulated device, and the others are") {
  check_unwanted_gradients(*make_emulated(), kTolerance, has_square_kernel);
}

TEST_CASE("the error for a GPU that does not exist says how many there are") {
  CHECK(use_gpu("cuda:0", 0).index == 0);
  CHECK_THROWS_WITH_AS(use_gpu("cuda:7", 7),
                       "device cuda:7 does not exist: this machine has 1 GPU, cuda:0", Error);
  const Environment four("ODIN_EMULATED_DEVICES", "4");
  CHECK(use_gpu("cuda:3", 3).index == 3);
  use_gpu("cuda:0", 0);
  CHECK_THROWS_WITH_AS(use_gpu("cuda:4", 4),
                       "device cuda:4 does not exist: this machine has 4 GPUs, cuda:0 to cuda:3",
                       Error);
}

TEST_CASE("the error on a machine without a GPU says so") {
  const Environment none("ODIN_EMULATED_DEVICES", "0");
  CHECK_THROWS_WITH_AS(use_gpu("cuda", 0), doctest::Contains("no NVIDIA GPU"), Error);
  CHECK(cudaGetLastError() == cudaSuccess);  // the next launch does not report it
}

TEST_CASE("the error without a driver, or with one that is too old, says so") {
  {
    const Environment none("ODIN_EMULATED_DRIVER", "0");
    CHECK_THROWS_WITH_AS(use_gpu("cuda", 0), doctest::Contains("no NVIDIA driver"), Error);
  }
  const Environment old("ODIN_EMULATED_DRIVER", "12080");
  CHECK_THROWS_WITH_AS(
      use_gpu("cuda", 0),
      "device cuda cannot be used: the NVIDIA driver is for CUDA 12.8 and this program needs CUDA "
      "13.0; install a newer driver or use --device cpu",
      Error);
}

TEST_CASE("the error for a GPU that is too old for our kernels says so") {
  const Environment turing("ODIN_EMULATED_CAPABILITY", "75");
  CHECK_THROWS_WITH_AS(use_gpu("cuda:0", 0), doctest::Contains("has compute capability 7.5"),
                       Error);
}

}  // namespace
}  // namespace odin::test
