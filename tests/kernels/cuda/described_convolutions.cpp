#include "tests/kernels/cuda/described_convolutions.h"

#include <variant>

#include "tests/kernels/cuda/plans.h"
#include "tests/kernels/random_plans.h"

namespace odin::test {

using namespace cuda;

namespace {

// A slice of a buffer.
CudnnOperand operand(const Plan& plan, const PlanSlice& slice, Element element, bool padded) {
  constexpr int kImages = 64;
  const PlanBuffer& buffer = plan.buffers[static_cast<std::size_t>(slice.buffer)];
  const auto size = static_cast<std::int64_t>(size_of(element));
  CudnnOperand o;
  o.element = element;
  o.images = kImages;
  o.channels = slice.channels;
  o.height = buffer.height;
  o.width = buffer.width;
  o.pitch = buffer.channels;
  if (padded) o.pitch = (o.pitch * size + 15) / 16 * 16 / size;
  o.alignment = alignment_of(o.pitch * size | slice.begin * size);
  return o;
}

}  // namespace

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

std::int64_t alignment_of(std::int64_t bytes) {
  const std::int64_t address = bytes | 16;
  return address & -address;
}

CudnnConvolution convolution(const Plan& plan, const PlanConvolution& step, ConvolutionPass pass,
                             Element element, bool padded) {
  CudnnConvolution c;
  c.pass = pass;
  c.geometry = {step.stride, step.padding};
  c.x = operand(plan, step.input, element, padded);
  c.y = operand(plan, step.output, element, padded);
  c.w.element = element;
  c.w.images = step.output.channels;
  c.w.channels = c.w.pitch = step.input.channels;
  c.w.height = c.w.width = step.kernel;
  c.w.alignment = alignment_of(c.w.pitch * static_cast<std::int64_t>(size_of(element)));
  c.accumulate = !padded && pass != ConvolutionPass::kForward;
  return c;
}

const std::vector<Plan>& networks() {
  static const std::vector<Plan> plans{random_densenet(1), random_wide_resnet(1), small_densenet(),
                                       small_resnet(), awkward_plan()};
  return plans;
}

const PlanConvolution& step_with(const Plan& plan, int inputs, int outputs) {
  for (const PlanStep& step : plan.steps) {
    const auto* c = std::get_if<PlanConvolution>(&step);
    if (c && c->input.channels == inputs && c->output.channels == outputs) return *c;
  }
  fail("{} has no convolution from {} to {} channels", plan.name, inputs, outputs);
}

CudnnConvolution wide(Element element) {
  const Plan& plan = networks()[1];
  return convolution(plan, step_with(plan, 160, 160), ConvolutionPass::kForward, element);
}

std::size_t count_plans(const CudnnDevice& device, const CudnnConvolution& c) {
  return cudnn_plans(device, c, 100, kWorkspace).plans.size();
}

}  // namespace odin::test
