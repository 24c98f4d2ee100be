#include "kernels/cuda/conv/plan_convolution.h"
#include "kernels/cuda/runtime/memory.h"
#include "kernels/cuda/runtime/stream.h"
#include "kernels/cuda/runtime/upload.h"
#include "kernels/error.h"

namespace odin::cuda {
namespace {

class OwnPlanConvolution final : public PlanConvolutionRunner {
 public:
  OwnPlanConvolution(const PlanConvolution& step, const PlanArithmetic& arithmetic,
                     ConvolutionVersion version, bool image, Stream stream)
      : version_(version),
        kernel_(step.kernel),
        stride_(step.stride),
        padding_(step.padding),
        relu_(step.relu),
        multiply_(arithmetic.multiply),
        bias_(upload(step.bias)) {
    if (step.prologue) prologue_ = DeviceAffine(*step.prologue);
    // Our kernels take a float image beside activations in half precision, with float weights.
    const Element element = image ? Element::kFloat : arithmetic.element;
    keeps_input_mask_ = prologue_.get().relu && has_middle(kernel_, stride_, padding_) && !image;
    keeps_output_mask_ = step.relu && writes_output_mask(step, element, arithmetic.element);
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
    synchronize(stream);  // before row_major goes
  }

  bool keeps_input_mask() const override { return keeps_input_mask_; }

  bool keeps_output_mask() const override { return keeps_output_mask_; }

  void forward(ConstView x, ConstView residual, View y, const StepMasks& masks,
               const Lane& lane) override {
    ForwardConvolution convolution;
    convolution.kernel = kernel_;
    convolution.stride = stride_;
    convolution.padding = padding_;
    convolution.x = x;
    convolution.weights = forward_weights_.data();
    convolution.prologue = prologue_.get();
    convolution.bias = bias_.as<float>();
    convolution.relu = relu_;
    convolution.residual = residual;
    convolution.y = y;
    convolution.input_mask = masks.input;
    convolution.output_mask = masks.output;
    convolution.multiply = multiply_;
    convolution_forward(convolution, version_for(convolution), lane.stream);
  }

  void backward(ConstView dy, ConstView x, ReluMask mask, bool mask_by_input, bool accumulate,
                View dx, const Lane& lane) override {
    BackwardConvolution convolution;
    convolution.kernel = kernel_;
    convolution.stride = stride_;
    convolution.padding = padding_;
    convolution.dy = dy;
    convolution.weights = backward_weights_.data();
    convolution.affine = prologue_.get();
    convolution.affine.relu = convolution.affine.relu || mask_by_input;
    if (convolution.affine.relu) convolution.x = x;
    convolution.mask = mask;
    convolution.accumulate = accumulate;
    convolution.dx = dx;
    convolution.multiply = multiply_;
    convolution_backward_data(convolution, version_for(convolution), lane.stream);
  }

  std::size_t workspace_bytes(std::size_t /*input_pixels*/) const override { return 0; }

 private:
  static bool writes_output_mask(const PlanConvolution& step, Element x, Element y) {
    std::uint8_t byte = 0;
    ForwardConvolution like;
    like.kernel = step.kernel;
    like.stride = step.stride;
    like.x.element = x;
    like.x.channels = step.input.channels;
    like.prologue.relu = step.prologue.has_value();
    like.y.element = y;
    like.output_mask.bytes = &byte;
    return can_run(like, ConvolutionVersion::kAuto);
  }

  template <class Convolution>
  ConvolutionVersion version_for(const Convolution& convolution) const {
    return can_run(convolution, version_) ? version_ : ConvolutionVersion::kAuto;
  }

  ConvolutionVersion version_;
  int kernel_;
  int stride_;
  int padding_;
  bool relu_;
  Multiply multiply_;
  bool keeps_input_mask_;
  bool keeps_output_mask_;
  DeviceBuffer forward_weights_;
  DeviceBuffer backward_weights_;
  DeviceBuffer bias_;
  DeviceAffine prologue_;
};

}  // namespace

PlanConvolutionMaker own_plan_convolutions(const PlanArithmetic& arithmetic,
                                           ConvolutionVersion version) {
  return [arithmetic, version](const PlanConvolution& step, bool image, Stream stream) {
    return std::make_unique<OwnPlanConvolution>(step, arithmetic, version, image, stream);
  };
}

}  // namespace odin::cuda
