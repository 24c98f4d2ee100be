// A compiled network: a fixed list of fused operations on channel slices of a few buffers.
//
// nn/compile.h makes a Plan from a network and its weights; a back end's prepare() makes a
// PlanExecutor from the Plan. In between, a Plan is plain data that knows neither layers nor
// devices.
//
// One operation carries the work: a convolution with a prologue (batch norm and ReLU of its input)
// and an epilogue (folded batch norm, ReLU, residual addition). It reads and writes channel slices.
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

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace odin {

// An activation (channels, height, width) of every image, written by one or more steps.
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
// prologue(x) = relu(scale x + shift), zero padding applied after it;
// epilogue(z) = relu(z + bias) if `relu`, else z + bias; plus residual, if there is one.
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
  std::optional<PlanSlice> residual;  // as wide as the output
};

// output = mean over window x window, at distance `stride`, of prologue(input).
struct PlanPool {
  PlanSlice input;
  PlanSlice output;
  int window = 2;
  int stride = 2;
  std::optional<Normalisation> prologue;
};

// output = normalisation(input) where no convolution or pool takes it as its prologue.
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

// Steps in order; the last one, and only it, is a PlanLinear. No channel of a buffer is written
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
};

// Throws Error, naming the step, unless the plan keeps every promise made above: shapes that fit,
// slices inside their buffers, finite weights of the right number.
void validate(const Plan& plan);

// Multiply-adds of one forward pass of one image through the PLAN AS WRITTEN, linear included,
// whatever cleverness (Winograd) an executor uses. (A plan may need fewer than the network.)
std::int64_t multiply_adds(const Plan& plan);

// Elements of one image's activations and gradients that ODIN (forward, backward to the input,
// forward) moves to and from memory if every step reads each operand once and writes each result
// once: with no cache between steps, and not counting weights and the masks of ReLUs (a bit for each
// value).
std::int64_t odin_elements_moved(const Plan& plan);

// What ODIN does to an image under one temperature.
struct OdinSetting {
  double temperature = 1000;
  // The perturbed image is x - step[c] s; step[c] = magnitude / std[c], one vector (input channels)
  // per magnitude wanted. All share the one gradient of this temperature.
  std::vector<std::vector<float>> steps;
};

// Where the results of a run go; host memory, row-major.
struct OdinResults {
  float* logits = nullptr;     // (n, classes)
  float* perturbed = nullptr;  // (settings, steps of the setting, n, classes), settings flattened
  // Optional: the gradient of the cross entropy of logits / temperature, with the predicted label,
  // in x: (settings, n, C, H, W), with the sign and the relative sizes right; each IMAGE's may be
  // scaled by a positive factor, since only the sign is ever used.
  float* gradient = nullptr;
};

// Throws Error unless the arguments of PlanExecutor::run fit the plan: pointers where results are
// due, temperatures above zero, steps of as many values as the input has channels.
void check_run(const Plan& plan, const float* images, std::int64_t n,
               std::span<const OdinSetting> settings, const OdinResults& results);

// A plan on a device, ready to run. Nothing is allocated, created or tuned after the first call of
// a given size. Not to be used by two threads at once.
class PlanExecutor {
 public:
  virtual ~PlanExecutor() = default;

  // For each of n images (host, float, (n, C, H, W), normalised): the logits, and for every setting
  // the gradient once and the logits of each perturbed image. No settings: one forward pass. The
  // results for an image do not depend on n nor on the other images.
  virtual void run(const float* images, std::int64_t n, std::span<const OdinSetting> settings,
                   const OdinResults& results) = 0;

  // Images that should be given to run() at once so that the device is kept busy.
  virtual std::int64_t preferred_batch() const = 0;
  // What the executor chose, for reports: "avx512, 2 threads, winograd".
  virtual std::string description() const = 0;
};

}  // namespace odin
