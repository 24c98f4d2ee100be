// cuDNN's graphs for GPUs that are not present: its heuristics and plans need only a description of
// the device. (On a machine with a GPU, backend_test.cpp tests what the plans compute.)
#include <set>
#include <variant>

#include <doctest/doctest.h>

#include "kernels/backend.h"
#include "kernels/cuda/library/cudnn_convolution.h"
#include "tests/kernels/cuda/described_convolutions.h"

using namespace odin;
using namespace odin::cuda;
using namespace odin::test;

namespace {

// Calls f(plan, step) for every convolution of the networks.
template <class F>
void for_convolutions(F f) {
  for (const Plan& plan : networks()) {
    for (const PlanStep& step : plan.steps) {
      if (const auto* c = std::get_if<PlanConvolution>(&step)) f(plan, *c);
    }
  }
}

// Checks each different one of the convolutions.
class Supported {
 public:
  explicit Supported(const Device& device) : name_(device.name), device_(describe(device)) {}

  void check(const CudnnConvolution& c) {
    if (!seen_.insert(c).second) return;
    INFO(name_, ", element size ", size_of(c.x.element), ": ", c.to_string());
    const std::vector<CudnnPlan> plans = cudnn_plans(device_, c, 1, kWorkspace).plans;
    CHECK(!plans.empty());
    for (const CudnnPlan& plan : plans) CHECK(plan.workspace_bytes() <= kWorkspace);
  }

 private:
  const char* name_;
  CudnnDevice device_;
  std::set<CudnnConvolution> seen_;
};

}  // namespace

TEST_CASE("cuDNN has an engine for every convolution of an evaluation, in every precision") {
  for (const Device& device : kDevices) {
    Supported supported(device);
    for_convolutions([&](const Plan& plan, const PlanConvolution& step) {
      const bool image = step.input.buffer == plan.input.buffer;
      for (Element element : {Element::kFloat, Element::kHalf, Element::kBFloat16}) {
        // Next to half precision the image stays float, and our own kernels take it.
        if (image && element != Element::kFloat) continue;
        for (const bool tf32 : {false, true}) {
          if (tf32 && element != Element::kFloat) continue;
          for (ConvolutionPass pass : {ConvolutionPass::kForward, ConvolutionPass::kBackwardData}) {
            CudnnConvolution c = convolution(plan, step, pass, element);
            c.tf32 = tf32;
            supported.check(c);
          }
        }
      }
    });
  }
}

TEST_CASE("cuDNN has an engine for every convolution layer by layer, and its gradients") {
  for (const Device& device : kDevices) {
    Supported supported(device);
    for_convolutions([&](const Plan& plan, const PlanConvolution& step) {
      for (ConvolutionPass pass : {ConvolutionPass::kForward, ConvolutionPass::kBackwardData,
                                   ConvolutionPass::kBackwardFilter}) {
        supported.check(convolution(plan, step, pass, Element::kFloat, false));
      }
    });
  }
}

// Pixels are padded to 16 bytes (nn/tensor.h). So is the copy of the image that is made for the
// gradient of the first layer's weights; the other passes of that layer are our own kernel's.
TEST_CASE("cuDNN has an engine for every convolution of a training in half precision") {
  for (const Device& device : kDevices) {
    Supported supported(device);
    for_convolutions([&](const Plan& plan, const PlanConvolution& step) {
      const bool image = step.input.buffer == plan.input.buffer;
      for (Element element : {Element::kHalf, Element::kBFloat16}) {
        CudnnConvolution c = convolution(plan, step, ConvolutionPass::kBackwardFilter, element);
        supported.check(c);
        if (image) continue;
        c.pass = ConvolutionPass::kForward;
        supported.check(c);
        c.pass = ConvolutionPass::kBackwardData;
        c.accumulate = true;
        supported.check(c);
      }
    });
  }
}

TEST_CASE("cuDNN has no engine that writes the weights' gradient in float from halves") {
  CudnnConvolution c = wide(Element::kHalf);
  c.pass = ConvolutionPass::kBackwardFilter;
  c.w.element = Element::kFloat;
  for (const Device& device : kDevices) CHECK(count_plans(describe(device), c) == 0);
}

// A dense activation (N, C, H, W), or a slice of a buffer five channels wider.
CudnnOperand activation(Element element, const Shape& shape, bool sliced) {
  const auto size = static_cast<std::int64_t>(size_of(element));
  CudnnOperand o;
  o.element = element;
  o.images = shape[0];
  o.channels = shape[1];
  o.height = shape[2];
  o.width = shape[3];
  o.pitch = o.channels + (sliced ? 5 : 0);
  o.alignment = sliced ? size : alignment_of(size * o.pitch);
  return o;
}

void check_operations(Element element, bool large) {
  const Device& device = kDevices[3];
  Supported supported(device);
  const auto check = [&](const Shape& x, std::int64_t outputs, std::int64_t height,
                         std::int64_t width, int stride, int padding) {
    for (const bool sliced : {false, true}) {
      for (ConvolutionPass pass : {ConvolutionPass::kForward, ConvolutionPass::kBackwardData,
                                   ConvolutionPass::kBackwardFilter}) {
        CudnnConvolution c;
        c.pass = pass;
        c.geometry = {stride, padding};
        c.x = activation(element, x, sliced);
        c.y = activation(element,
                         {x[0], outputs, windowed_extent(x[2], height, stride, padding),
                          windowed_extent(x[3], width, stride, padding)},
                         sliced);
        c.w = activation(element, {outputs, x[1], height, width}, false);
        c.accumulate = pass == ConvolutionPass::kBackwardData ||
                       (pass == ConvolutionPass::kBackwardFilter && element == Element::kFloat);
        supported.check(c);
      }
    }
  };
  for (const std::int64_t images : {1, 2, 3}) {
    for (int stride = 1; stride <= 3; ++stride) {
      for (int padding = 0; padding <= 2; ++padding) {
        check({images, 3, 7, 5}, 4, 1, 1, stride, padding);
        check({images, 3, 7, 5}, 4, 3, 3, stride, padding);
        check({images, 3, 7, 5}, 4, 5, 3, stride, padding);
      }
    }
    check({images, 1, 3, 7}, 1, 3, 3, 1, 1);
    check({images, 1, 1, 1}, 1, 1, 1, 1, 0);
    check({images, 5, 2, 2}, 2, 2, 2, 2, 0);
  }
  if (!large) return;
  check({35, 20, 6, 6}, 36, 3, 3, 1, 1);
  check({35, 20, 6, 6}, 36, 1, 1, 1, 0);
  check({3, 48, 16, 16}, 12, 3, 3, 1, 1);
  check({2, 54, 16, 16}, 48, 1, 1, 1, 0);
  check({2, 3, 32, 32}, 24, 3, 3, 1, 1);
  check({7, 160, 4, 4}, 160, 3, 3, 1, 1);
  check({2, 16, 9, 9}, 160, 1, 1, 2, 0);
}

TEST_CASE("cuDNN has an engine for the convolutions of tests/kernels/operations.cpp") {
  check_operations(Element::kFloat, true);
}

TEST_CASE("cuDNN has an engine for the convolutions of half_test.cpp in half precision") {
  check_operations(Element::kHalf, false);
  check_operations(Element::kBFloat16, false);
}

TEST_CASE("tensor cores multiply float only if TF32 is asked for") {
  const CudnnDevice device = describe(kDevices[3]);
  CudnnConvolution c = wide(Element::kFloat);
  const std::size_t exact = count_plans(device, c);
  c.tf32 = true;
  CHECK(count_plans(device, c) > exact);
  CHECK(exact > 0);
}

TEST_CASE("bias and ReLU can be fused into a convolution of floats") {
  const CudnnDevice device = describe(kDevices[3]);
  CudnnConvolution c = wide(Element::kFloat);
  c.tf32 = true;
  c.bias = true;
  c.relu = true;
  CHECK(count_plans(device, c) > 0);
}

TEST_CASE("cuDNN's refusal is an error that names the call and gives its reason") {
  CHECK_THROWS_WITH_AS(CudnnDevice("{}"), doctest::Contains("cudnnBackendFinalize"), Error);
  CHECK_THROWS_WITH_AS(CudnnDevice("{}"), doctest::Contains("kernels/cuda/library/cudnn.cpp:"),
                       Error);
}

TEST_CASE("operands know the alignment of every pixel") {
  ConstView view;
  view.element = Element::kHalf;
  view.images = view.height = view.width = 2;
  view.channels = 12;
  view.pitch = 216;
  view.data = reinterpret_cast<const void*>(std::uintptr_t{4096});
  CHECK(CudnnOperand(view).alignment == 16);
  view.data = reinterpret_cast<const void*>(std::uintptr_t{4096 + 24 * 2 + 12 * 2});
  CHECK(CudnnOperand(view).alignment == 8);
  view.pitch = 217;
  CHECK(CudnnOperand(view).alignment == 2);
}
