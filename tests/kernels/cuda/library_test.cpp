// The choice among the ways of cuDNN and cuBLAS to run a convolution, as far as it can be made
// without a GPU.
#include <algorithm>
#include <optional>
#include <variant>

#include <dlfcn.h>
#include <doctest/doctest.h>

#include "kernels/cuda/library/library_convolution.h"
#include "tests/kernels/cuda/described_convolutions.h"

using namespace odin;
using namespace odin::cuda;
using namespace odin::test;

// cuDNN compiles graphs of half precision while the program runs, and offers them only beside a
// driver. The toolkit's stub of the driver's library is enough for all but loading what was
// compiled.
TEST_CASE("fused graphs of half precision are offered and compile up to the load") {
  void* driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_GLOBAL);
  const bool stub = driver == nullptr;
  if (stub) driver = dlopen(ODIN_CUDA_STUB, RTLD_NOW | RTLD_GLOBAL);
  REQUIRE_MESSAGE(driver != nullptr, dlerror());
  const CudnnDevice device = describe(kDevices[3]);
  for (const Element element : {Element::kHalf, Element::kBFloat16}) {
    for (const bool adds : {false, true}) {  // the two convolutions of a wide ResNet's block
      CudnnConvolution c = wide(element);
      c.prologue = !adds;
      c.bias = !adds;
      c.relu = !adds;
      c.residual = adds;
      INFO("element ", static_cast<int>(element), ", residual ", adds);
      const CudnnPlans found = cudnn_plans(device, c, 2, kWorkspace);
      if (stub) {
        CHECK(found.plans.empty());
        CHECK_MESSAGE(found.failure.find("EXECUTION_FAILED_CUDA_DRIVER") != std::string::npos,
                      found.failure);
      } else {
        CHECK((!found.plans.empty() || !found.failure.empty()));
      }
    }
  }
}

TEST_CASE("the workspace is an eighth of what is free, up to 1 GiB") {
  CHECK(engine_workspace(std::size_t{80} << 30) == std::size_t{1} << 30);
  CHECK(engine_workspace(std::size_t{4} << 30) == std::size_t{512} << 20);
  CHECK(engine_workspace(0) == 0);
}

// The fallback, engines 0 and 1, needs no workspace. What the heuristics propose needs 336 MB.
TEST_CASE("the workspace suffices for the fast engines of a Wide ResNet in float") {
  const CudnnDevice device = describe(kDevices[3]);
  for (const ConvolutionPass pass : {ConvolutionPass::kForward, ConvolutionPass::kBackwardData}) {
    CudnnConvolution c = wide(Element::kFloat);
    c.pass = pass;
    c.x.images = c.y.images = 256;  // plan_executor.cpp
    std::size_t largest = 0;
    for (const CudnnPlan& plan : cudnn_plans(device, c, 100, kWorkspace).plans) {
      largest = std::max(largest, plan.workspace_bytes());
    }
    CHECK(largest > std::size_t{256} << 20);
  }
}

// Unaligned, only the fallback is left, which does without tensor cores.
TEST_CASE("a slice of 12 channels has far more engines as an aligned copy") {
  const Plan& plan = networks()[0];
  int copies = 0;
  for (const Device& described : {kDevices[0], kDevices[3]}) {
    const CudnnDevice device = describe(described);
    for (const PlanStep& step : plan.steps) {
      const auto* narrow = std::get_if<PlanConvolution>(&step);
      if (!narrow || narrow->output.channels != 12) continue;
      for (const ConvolutionPass pass :
           {ConvolutionPass::kBackwardData, ConvolutionPass::kBackwardFilter}) {
        CudnnConvolution c = convolution(plan, *narrow, pass, Element::kHalf);
        const std::optional<CudnnOperand> y = aligned_gradient(c);
        CHECK(y.has_value() == (c.y.alignment < 16));
        if (!y) continue;
        if (copies++ % 8 != 0) continue;  // they differ little
        INFO(described.name, ": ", c.to_string());
        CHECK(count_plans(device, c) <= 5);
        c.y = *y;
        CHECK(c.y.pitch == 16);
        CHECK(count_plans(device, c) >= 20);
      }
    }
  }
  CHECK(copies == 2 * 2 * 32);
}

TEST_CASE("no copy is made for floats, nor for what a forward pass writes") {
  CudnnConvolution c = wide(Element::kFloat);
  c.y.alignment = 4;
  c.pass = ConvolutionPass::kBackwardData;
  CHECK(!aligned_gradient(c));
  c = wide(Element::kHalf);
  c.y.alignment = 2;
  CHECK(!aligned_gradient(c));
}

TEST_CASE("the fastest way that works is chosen, and the last failure is remembered") {
  const auto time = [](int way) {
    if (way < 0) fail("engine {} does not run", way);
    if (way == 0) throw OutOfMemory("no memory");
    return static_cast<float>(way);
  };
  const auto some = fastest_of<int>({3, -1, 2, -4, 5}, "", time);
  CHECK(some.way == 2);
  CHECK(some.failure == "engine -4 does not run");
  const auto none = fastest_of<int>({-7}, "engine 8 does not load", time);
  CHECK(!none.way);
  CHECK(none.failure == "engine -7 does not run");
  CHECK(fastest_of<int>({}, "engine 8 does not load", time).failure == "engine 8 does not load");
  CHECK_THROWS_AS(fastest_of<int>({1, 0, 2}, "", time), OutOfMemory);
}

// The executor then halves the batch.
TEST_CASE("a library that has run out of memory throws OutOfMemory") {
  CHECK_THROWS_AS(ODIN_CUDNN_CHECK(CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED),
                  OutOfMemory);
  CHECK_THROWS_AS(ODIN_CUDNN_CHECK(CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED),
                  OutOfMemory);
  CHECK_THROWS_AS(ODIN_CUBLAS_CHECK(CUBLAS_STATUS_ALLOC_FAILED), OutOfMemory);
  const auto is_other = [](auto check) {
    try {
      check();
    } catch (const OutOfMemory&) {
      return false;
    } catch (const Error&) {
      return true;
    }
    return false;
  };
  CHECK(is_other([] { ODIN_CUDNN_CHECK(CUDNN_STATUS_EXECUTION_FAILED); }));
  CHECK(is_other([] { ODIN_CUBLAS_CHECK(CUBLAS_STATUS_EXECUTION_FAILED); }));
}

TEST_CASE("plans keep to the bound on their workspace") {
  const CudnnDevice device = describe(kDevices[0]);
  const Plan& plan = networks()[0];
  const CudnnConvolution c =
      convolution(plan, step_with(plan, 48, 12), ConvolutionPass::kBackwardData, Element::kHalf);
  const CudnnPlans found = cudnn_plans(device, c, 100, 0);
  for (const CudnnPlan& made : found.plans) CHECK(made.workspace_bytes() == 0);
  CHECK(!found.plans.empty());
}
