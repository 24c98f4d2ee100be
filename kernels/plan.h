// A compiled network: a fixed list of fused operations on channel slices of a few buffers.
//
// nn/compile.h makes a Plan from a network and its weights. A back end's prepare() makes a
// PlanExecutor from the Plan. In between, a Plan is plain data that knows neither layers nor
// devices.
//
// One operation does nearly all the work: a convolution with a prologue (batch norm and ReLU of its
// input) and an epilogue (folded batch norm, ReLU, residual addition). It reads and writes channel
// slices.
//
// The words that every device uses:
//   step           an entry of Plan::steps: one fused operation
//   slice          neighbouring channels of a buffer: what a step reads or writes
//   pass           all steps in order (a forward pass), or their gradients in reverse order (a
//                  backward pass)
//   mask           one bit for each element that a ReLU saw: whether it let the element through.
//                  A forward pass writes masks, the backward pass after it reads them.
//   memory layout  the place of every buffer, gradient and mask in one piece of memory
//   program        a plan made ready for a device: its kernel calls, with packed weights and a
//                  memory layout
//   segment        neighbouring steps that run on the same number of images at a time (CPU)
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "kernels/odin_objective.h"

namespace odin {

// An activation (channels, height, width) of every image. One or more steps write it.
struct PlanBuffer {
  int channels = 0;
  int height = 0;
  int width = 0;
};

// Channels [begin, begin + channels) of a buffer.
struct PlanSlice {
  int buffer = 0;
  int begin = 0;
  int channels = 0;
  auto operator<=>(const PlanSlice&) const = default;
};

// Whether two slices have a channel in common, and whether `inner` is a part (or all) of `outer`.
bool overlap(const PlanSlice& a, const PlanSlice& b);
bool contains(const PlanSlice& outer, const PlanSlice& inner);

// A batch norm in evaluation, per channel: z = scale x + shift, then max(z, 0) if `relu`.
struct Normalisation {
  std::vector<float> scale;
  std::vector<float> shift;
  bool relu = true;
};

// output = epilogue(convolution(prologue(input)))
// prologue(x) = relu(scale x + shift); zero padding is applied after it.
// epilogue(z) = relu(z + bias) if `relu`, else z + bias, plus the residual if there is one.
// (No step has both a ReLU and a residual.)
struct PlanConvolution {
  PlanSlice input;
  PlanSlice output;
  int kernel = 1;
  int stride = 1;
  int padding = 0;
  std::vector<float> weights;  // (output.channels, input.channels, kernel, kernel)
  std::vector<float> bias;     // (output.channels), or empty for none
  std::optional<Normalisation> prologue;
  bool relu = false;
  std::optional<PlanSlice> residual;  // of the output's shape
};

// output = mean of prologue(input) over windows of `window` x `window` pixels, `stride` pixels
// apart.
struct PlanPool {
  PlanSlice input;
  PlanSlice output;
  int window = 2;
  int stride = 2;
  std::optional<Normalisation> prologue;
};

// output = normalisation(input), if it cannot be the prologue of a convolution or pool.
struct PlanNormalise {
  PlanSlice input;
  PlanSlice output;
  Normalisation normalisation;
};

// logits = weights input + bias; the input, flattened (C, H, W), has `inputs` elements.
struct PlanLinear {
  PlanSlice input;
  std::vector<float> weights;  // (classes, inputs)
  std::vector<float> bias;     // (classes)
};

using PlanStep = std::variant<PlanConvolution, PlanPool, PlanNormalise, PlanLinear>;

// What a step reads and writes. A linear step has no output slice (it writes the logits) and only
// a convolution can have a residual; both are then null.
const PlanSlice& input_of(const PlanStep& step);
const PlanSlice* output_of(const PlanStep& step);
const PlanSlice* residual_of(const PlanStep& step);

// Steps in order. The last step, and no other, is a PlanLinear. No channel of a buffer is written
// twice, and none is read before it is written.
struct Plan {
  std::string name;  // "DenseNet-BC-100"
  std::vector<PlanBuffer> buffers;
  PlanSlice input;  // where the image goes
  int classes = 0;
  std::vector<PlanStep> steps;

  // Height and width of a slice, and the channels of the buffer around it.
  const PlanBuffer& buffer_of(const PlanSlice& slice) const {
    return buffers[static_cast<std::size_t>(slice.buffer)];
  }
  // Elements of one image's features: the input (C, H, W) of the linear step. Of a valid plan.
  int features() const;
};

// Throws Error, with the number of the step, if the plan breaks a promise made above: shapes must
// fit, slices must be inside their buffers, weights must be finite and of the right number.
void validate(const Plan& plan);

// Multiply-adds of one forward pass of one image, the linear step included. Counts the PLAN AS
// WRITTEN, even if an executor needs fewer (Winograd). (A plan may need fewer than its network.)
std::int64_t multiply_adds(const Plan& plan);

// Elements of one image's activations and gradients that ODIN (forward, backward to the input,
// forward) moves to and from memory, if every step reads each operand once and writes each result
// once, without a cache between steps. Weights and masks (one bit for each value) do not count.
std::int64_t odin_elements_moved(const Plan& plan);

// What ODIN does to an image with one gradient.
struct OdinSetting {
  double temperature = 1000;
  // One vector (input channels) for each magnitude: step[c] = magnitude / std[c]. The perturbed
  // image is x - step[c] s, where s is the sign of the objective's gradient, which all steps share.
  std::vector<std::vector<float>> steps;
  OdinObjective objective = OdinObjective::kCrossEntropy;
};

// Where the results of a run go: host memory, row-major.
struct OdinResults {
  float* logits = nullptr;     // (n, classes)
  float* perturbed = nullptr;  // (settings, steps of the setting, n, classes), settings flattened
  // Optional: the gradient in x of the setting's objective, (settings, n, C, H, W). Each IMAGE's
  // gradient may be scaled by a positive factor, because only its sign is ever used.
  float* gradient = nullptr;
  // Optional: the features of the unchanged images, (n, features), that is, the input of the linear
  // step, flattened (C, H, W). The logits are weights features + bias of just these values: on a
  // device that stores activations in 16 bits, they have been rounded to those.
  float* features = nullptr;
};

// Throws Error if the arguments of PlanExecutor::run do not fit the plan: every result that is not
// optional needs a pointer, temperatures must be above zero, a step needs one value for each
// channel of the input, and features cannot be where images are read or logits are written.
void check_run(const Plan& plan, const float* images, std::int64_t n,
               std::span<const OdinSetting> settings, const OdinResults& results);

// A plan on a device, ready to run. After the first call with a given n, nothing is allocated,
// created or tuned. Two threads must not use an executor at once.
class PlanExecutor {
 public:
  virtual ~PlanExecutor() = default;

  // Computes for each of n normalised images ((n, C, H, W), floats in host memory) the logits and,
  // for every setting, one gradient and the logits of each perturbed image. Without settings this
  // is one forward pass. The results for an image do not depend on n or on the other images.
  virtual void run(const float* images, std::int64_t n, std::span<const OdinSetting> settings,
                   const OdinResults& results) = 0;

  // The number of images that keeps the device busy in one run().
  virtual std::int64_t preferred_batch() const = 0;
  // What the executor chose, for reports: "avx512, 2 threads, winograd".
  virtual std::string description() const = 0;
};

}  // namespace odin
