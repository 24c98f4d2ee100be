// cuDNN's graphs, made for GPUs that are not here: its heuristics and plans need a description of the
// device only. (What the plans compute is tested where there is a GPU, by backend_test.cpp.)
#include <doctest/doctest.h>

#include "kernels/cuda/cudnn_convolution.h"

using namespace odin;
using namespace odin::cuda;

namespace {

struct Device {
  const char* name;
  int version;
  int multiprocessors;
  int shared_memory;  // most of a block, bytes
  int threads;        // most on a multiprocessor
  int blocks;         // likewise
};

const Device kDevices[] = {
    {"NVIDIA A100", 800, 108, 166912, 2048, 32},
    {"NVIDIA RTX 3090", 860, 82, 101376, 1536, 16},
    {"NVIDIA RTX 4090", 890, 128, 101376, 1536, 24},
    {"NVIDIA H100", 900, 132, 232448, 2048, 32},
};

// As cuDNN writes the properties of a device.
CudnnDevice describe(const Device& device) {
  return CudnnDevice(fmt::format(
      R"({{"maxGridSize": [2147483647, 65535, 65535], "maxBlockSize": [1024, 1024, 64],)"
      R"( "regsPerBlock": 65536, "multiProcessorCount": {}, "warpSize": 32,)"
      R"( "maxSharedMemoryPerBlock": 49152, "maxSharedMemoryPerBlockOptin": {},)"
      R"( "reservedSharedMemoryPerBlock": 1024, "maxRegistersPerSM": 65536, "maxCtasPerSM": {},)"
      R"( "maxThreadsPerBlock": 1024, "maxThreadsPerSM": {}, "pciDeviceId": 0, "isTccDriver": 0,)"
      R"( "supportCoopLaunch": 1, "totalGlobalMem": 24000000000, "smClockRateKHz": 1700000,)"
      R"( "memClockRateKHz": 2000000, "l2CacheSize": 40000000, "cudaDeviceId": 0,)"
      R"( "deviceVer": {}, "driverVer": 13000, "deviceName": "{}"}})",
      device.multiprocessors, device.shared_memory, device.blocks, device.threads, device.version,
      device.name));
}

struct Layer {
  int inputs;
  int outputs;
  int size;
  int kernel;
  int stride;
  int input_pitch;
  int output_pitch;
};

// One of each kind in both networks, with the slices of dense blocks.
const Layer kLayers[] = {
    {3, 24, 32, 3, 1, 3, 216},      {24, 48, 32, 1, 1, 216, 48},    {48, 12, 32, 3, 1, 48, 216},
    {204, 48, 32, 1, 1, 216, 48},   {216, 108, 16, 1, 1, 216, 300}, {48, 12, 8, 3, 1, 48, 342},
    {3, 16, 32, 3, 1, 3, 16},       {16, 160, 32, 3, 1, 16, 160},   {160, 160, 32, 3, 1, 160, 160},
    {160, 320, 32, 3, 2, 160, 320}, {160, 320, 32, 1, 2, 160, 320}, {640, 640, 8, 3, 1, 640, 640},
};

CudnnOperand operand(Element element, int images, int channels, int size, int pitch) {
  CudnnOperand o;
  o.element = element;
  o.images = images;
  o.channels = channels;
  o.height = size;
  o.width = size;
  o.pitch = pitch;
  o.alignment = 4;  // of a slice that begins anywhere
  return o;
}

CudnnConvolution convolution(const Layer& layer, ConvolutionPass pass, Element element) {
  CudnnConvolution c;
  c.pass = pass;
  c.stride = layer.stride;
  c.padding = layer.kernel / 2;
  c.x = operand(element, 64, layer.inputs, layer.size, layer.input_pitch);
  c.w = operand(element, layer.outputs, layer.inputs, layer.kernel, layer.inputs);
  c.y = operand(element, 64, layer.outputs, layer.size / layer.stride, layer.output_pitch);
  c.accumulate = pass != ConvolutionPass::kForward;
  return c;
}

constexpr std::size_t kWorkspace = std::size_t{256} << 20;

}  // namespace

TEST_CASE("cuDNN has an engine for every convolution of both networks on every architecture") {
  for (const Device& device : kDevices) {
    const CudnnDevice described = describe(device);
    for (const Layer& layer : kLayers) {
      for (Element element : {Element::kFloat, Element::kHalf, Element::kBFloat16}) {
        for (ConvolutionPass pass : {ConvolutionPass::kForward, ConvolutionPass::kBackwardData,
                                     ConvolutionPass::kBackwardFilter}) {
          // Weights are trained in float only.
          if (pass == ConvolutionPass::kBackwardFilter && element != Element::kFloat) continue;
          const CudnnConvolution c = convolution(layer, pass, element);
          INFO(device.name, ", element size ", size_of(element), ": ", c.to_string());
          const std::vector<CudnnPlan> plans = cudnn_plans(described, c, 2, kWorkspace);
          CHECK(!plans.empty());
          for (const CudnnPlan& plan : plans) CHECK(plan.workspace_bytes() <= kWorkspace);
        }
      }
    }
  }
}

TEST_CASE("tensor cores for float only where they are asked for") {
  const CudnnDevice device = describe(kDevices[3]);
  CudnnConvolution c = convolution(kLayers[8], ConvolutionPass::kForward, Element::kFloat);
  const std::size_t exact = cudnn_plans(device, c, 100, kWorkspace).size();
  c.multiply = Multiply::kTf32;
  CHECK(cudnn_plans(device, c, 100, kWorkspace).size() > exact);
  CHECK(exact > 0);
}

TEST_CASE("bias and ReLU can be fused into a convolution of floats") {
  const CudnnDevice device = describe(kDevices[3]);
  CudnnConvolution c = convolution(kLayers[8], ConvolutionPass::kForward, Element::kFloat);
  c.multiply = Multiply::kTf32;
  c.bias = true;
  c.relu = true;
  CHECK(!cudnn_plans(device, c, 1, kWorkspace).empty());
}

TEST_CASE("a bound on the workspace is kept") {
  const CudnnDevice device = describe(kDevices[0]);
  const CudnnConvolution c =
      convolution(kLayers[2], ConvolutionPass::kBackwardData, Element::kHalf);
  for (const CudnnPlan& plan : cudnn_plans(device, c, 100, 0)) CHECK(plan.workspace_bytes() == 0);
  CHECK(!cudnn_plans(device, c, 1, 0).empty());
}

TEST_CASE("what cuDNN refuses is an error that names the call and what it says") {
  CHECK_THROWS_WITH_AS(CudnnDevice("{}"), doctest::Contains("cudnnBackendFinalize"), Error);
  CHECK_THROWS_WITH_AS(CudnnDevice("{}"), doctest::Contains("kernels/cuda/cudnn.cpp:"), Error);
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
