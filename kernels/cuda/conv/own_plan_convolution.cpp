#include "kernels/cuda/conv/plan_convolution.h"
#include "kernels/cuda/runtime/memory.h"
#include "kernels/cuda/runtime/stream.h"
#include "kernels/cuda/runtime/upload.h"
#include "kernels/error.h"

namespace odin::cuda {
namespace {

class OwnPlanConvolution final : public PlanConvolutionRunner {
 public:
  OwnPlanConvolution(const PlanConvolution& step, Precision precision, ConvolutionVersion version,
                     bool image, Stream stream)
      : version_(version),
        kernel_(step.kernel),
        geometry_{step.stride, step.padding},
        relu_(step.relu),
        tf32_(precision == Precision::kTf32),
        bias_(upload(step.bias)) {
    if (step.prologue) prologue_ = DeviceAffine(*step.prologue);
    // Next to activations in half precision our kernels take a float image, with float weights.
    const Element element = image ? Element::kFloat : element_of(precision);
    keeps_input_mask_ = prologue_.get().relu && has_middle(kernel_, geometry_) && !image;
    alignas(16) std::uint8_t byte = 0;
    const Element output = element_of(precision);
    keeps_output_mask_ = step.relu && can_run_with(step, element, output, {&byte, 1}, {});
    // A residual that begins within a vector would be read in smaller pieces.
    const bool whole = !step.residual || step.residual->begin % masked_channels(output) == 0;
    can_normalise_ = whole && can_run_with(step, element, output, {}, {&byte, output});
    const DeviceBuffer row_major = upload(step.weights);
    const int outputs = step.output.channels;
    const int inputs = step.input.channels;
    const auto bytes = [&](int rows, int depth) {
      return static_cast<std::size_t>(packed_weights(kernel_, rows, depth)) * size_of(element);
    };
    forward_weights_ = DeviceBuffer(bytes(outputs, inputs));
    backward_weights_ = DeviceBuffer(bytes(inputs, outputs));
    pack_forward_weights(row_major.as<float>(), outputs, inputs, kernel_, element,
                         forward_weights_.data(), stream);
    pack_backward_weights(row_major.as<float>(), outputs, inputs, kernel_, element,
                          backward_weights_.data(), stream);
    synchronize(stream);  // before row_major is freed
  }

  bool keeps_input_mask() const override { return keeps_input_mask_; }

  bool keeps_output_mask() const override { return keeps_output_mask_; }

  void forward(ConstView x, ConstView residual, View y, const StepMasks& masks,
               const Lane& lane) override {
    NormalisedOperands operands;
    operands.x = x;
    operands.residual = residual;
    operands.y = y;
    operands.masks = masks;
    forward_normalised(operands, lane);
  }

  bool can_normalise() const override { return can_normalise_; }

  void forward_normalised(const NormalisedOperands& operands, const Lane& lane) override {
    auto convolution = described<ForwardConvolution>(forward_weights_);
    convolution.x = operands.x;
    if (!operands.normalised) convolution.prologue = prologue_.get();
    convolution.bias = bias_.as<float>();
    convolution.relu = relu_;
    convolution.residual = operands.residual;
    convolution.y = operands.y;
    convolution.next = operands.next;
    convolution.normalised = operands.next_y;
    convolution.normalised_mask = operands.next_mask;
    convolution.input_mask = operands.masks.input;
    convolution.output_mask = operands.masks.output;
    convolution_forward(convolution, version_for(convolution), lane.stream);
  }

  void backward(ConstView dy, ConstView x, ReluMask mask, bool mask_by_input, bool accumulate,
                View dx, const Lane& lane) override {
    auto convolution = described<BackwardConvolution>(backward_weights_);
    convolution.dy = dy;
    convolution.affine = prologue_.get();
    convolution.affine.relu = convolution.affine.relu || mask_by_input;
    if (convolution.affine.relu) convolution.x = x;
    convolution.mask = mask;
    convolution.accumulate = accumulate;
    convolution.dx = dx;
    convolution_backward_data(convolution, version_for(convolution), lane.stream);
  }

  std::size_t workspace_bytes(std::size_t /*input_pixels*/) const override { return 0; }

 private:
  // A forward pass that writes what only the implicit GEMMs can, without its activations.
  static bool can_run_with(const PlanConvolution& step, Element x, Element y, ReluMask output_mask,
                           View normalised) {
    if (step.input.begin * static_cast<int>(size_of(x)) % kGatherAlignment != 0) return false;
    ForwardConvolution like;
    like.kernel = step.kernel;
    like.geometry = {step.stride, step.padding};
    like.x.element = x;
    like.x.channels = step.input.channels;
    like.prologue.relu = step.prologue.has_value();
    like.y.element = y;
    like.y.channels = step.output.channels;
    like.output_mask = output_mask;
    like.normalised = normalised;
    return can_run(like, ConvolutionVersion::kAuto);
  }

  // A convolution without its activations.
  template <class Convolution>
  Convolution described(const DeviceBuffer& weights) const {
    Convolution convolution;
    convolution.kernel = kernel_;
    convolution.geometry = geometry_;
    convolution.weights = weights.data();
    convolution.tf32 = tf32_;
    return convolution;
  }

  template <class Convolution>
  ConvolutionVersion version_for(const Convolution& convolution) const {
    // What kHalo can do waits for memory, whatever multiplies.
    if (can_run(convolution, ConvolutionVersion::kHalo)) return ConvolutionVersion::kHalo;
    return can_run(convolution, version_) ? version_ : ConvolutionVersion::kAuto;
  }

  ConvolutionVersion version_;
  int kernel_;
  ConvolutionGeometry geometry_;
  bool relu_;
  bool tf32_;
  bool keeps_input_mask_;
  bool keeps_output_mask_;
  bool can_normalise_;
  DeviceBuffer forward_weights_;
  DeviceBuffer backward_weights_;
  DeviceBuffer bias_;
  DeviceAffine prologue_;
};

}  // namespace

void PlanConvolutionRunner::forward_normalised(const NormalisedOperands& /*operands*/,
                                               const Lane& /*lane*/) {
  fail("a convolution is asked for a second output that it cannot write");
}

PlanConvolutionMaker own_plan_convolutions(Precision precision, ConvolutionVersion version) {
  return [precision, version](const PlanConvolution& step, bool image, Stream stream) {
    return std::make_unique<OwnPlanConvolution>(step, precision, version, image, stream);
  };
}

}  // namespace odin::cuda
