#include "kernels/device.h"

#include <doctest/doctest.h>

#include "kernels/error.h"

using namespace odin;

TEST_CASE("a device refuses the convolution algorithms of the other") {
  for (const auto choice :
       {ConvolutionAlgorithm::kCudnn, ConvolutionAlgorithm::kOwn, ConvolutionAlgorithm::kWgmma}) {
    CHECK_THROWS_WITH_AS(make_backend("cpu", DeviceOptions{.convolution = choice}),
                         doctest::Contains("the CPU has auto, direct and winograd"), Error);
  }
  for (const auto choice : {ConvolutionAlgorithm::kDirect, ConvolutionAlgorithm::kWinograd}) {
    CHECK_THROWS_WITH_AS(make_backend("cuda", DeviceOptions{.convolution = choice}),
                         doctest::Contains("a GPU has auto, cudnn, own and wgmma"), Error);
  }
  for (const auto choice : {ConvolutionAlgorithm::kAuto, ConvolutionAlgorithm::kDirect,
                            ConvolutionAlgorithm::kWinograd}) {
    CHECK(make_backend("cpu", DeviceOptions{.convolution = choice})->name() == "cpu");
  }
}

TEST_CASE("names of precisions and algorithms are read back as written") {
  for (const char* name : {"auto", "cudnn", "own", "wgmma", "direct", "winograd"}) {
    CHECK(name_of(convolution_algorithm_of(name)) == name);
  }
  for (const char* name : {"fp32", "tf32", "fp16", "bf16"}) {
    CHECK(name_of(precision_of(name)) == name);
  }
  CHECK_THROWS_WITH_AS(convolution_algorithm_of("fft"), doctest::Contains("fft"), Error);
  CHECK_THROWS_WITH_AS(precision_of("fp8"), doctest::Contains("fp8"), Error);
}

TEST_CASE("only a GPU's memory bandwidth can be measured") {
  for (const char* device : {"cpu", "auto", "gpu"}) {
    CHECK_THROWS_WITH_AS(measured_memory_gbytes(device), doctest::Contains("it is not a GPU"),
                         Error);
  }
}

TEST_CASE("the CPU computes in single precision only") {
  for (const auto precision : {Precision::kTf32, Precision::kFloat16, Precision::kBFloat16}) {
    CHECK_THROWS_WITH_AS(make_backend("cpu", DeviceOptions{.precision = precision}),
                         doctest::Contains("needs a GPU"), Error);
  }
}

TEST_CASE("more threads than any machine can use are refused") {
  CHECK_THROWS_WITH_AS(make_backend("cpu", DeviceOptions{.threads = 1 << 20}),
                       doctest::Contains("1048576 threads are far more"), Error);
}

TEST_CASE("an instruction set is named, and is for the CPU") {
  CHECK(cpu::instruction_set_of("portable") == cpu::InstructionSet::kPortable);
  CHECK(cpu::instruction_set_of("avx2") == cpu::InstructionSet::kAvx2);
  CHECK(cpu::instruction_set_of("avx512") == cpu::InstructionSet::kAvx512);
  CHECK_THROWS_WITH_AS(cpu::instruction_set_of("sse"), doctest::Contains("\"sse\" is not known"),
                       Error);
  const DeviceOptions portable{.instruction_set = cpu::InstructionSet::kPortable};
  CHECK(make_backend("cpu", portable)->name() == "cpu");
  CHECK_THROWS_WITH_AS(make_backend("cuda", portable), doctest::Contains("is for the CPU"), Error);
}
