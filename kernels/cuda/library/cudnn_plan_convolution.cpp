#include <map>

#include "kernels/cuda/conv/plan_convolution.h"
#include "kernels/cuda/library/library_convolution.h"
#include "kernels/cuda/operations.h"
#include "kernels/cuda/runtime/upload.h"

namespace odin::cuda {
namespace {

// cuDNN compiles a fused graph while the program runs, in half a second each. That is worth it for
// a convolution with many weights, as in a wide ResNet, but not for each of a DenseNet's hundred.
constexpr std::size_t kWeightsWorthFusing = 100'000;

// Weights (O, C, k, k) in cuDNN's order, (O, k, k, C), and in the element type.
DeviceBuffer channels_last(const PlanConvolution& step, Element element, Stream stream) {
  const DeviceBuffer row_major = upload(step.weights);
  DeviceBuffer weights(step.weights.size() * size_of(element));
  const View view{weights.data(),     element,     step.output.channels,
                  step.kernel,        step.kernel, step.input.channels,
                  step.input.channels};
  from_nchw(row_major.as<float>(), view, stream);
  synchronize(stream);  // before row_major is freed
  return weights;
}

void* writable(const ConstView& view) {
  return const_cast<void*>(view.data);
}

class CudnnPlanConvolution final : public PlanConvolutionRunner {
 public:
  CudnnPlanConvolution(const PlanConvolution& step, Precision precision,
                       std::shared_ptr<LibraryConvolutions> library, Stream stream)
      : library_(std::move(library)),
        element_(element_of(precision)),
        channels_(step.input.channels),
        relu_(step.relu),
        has_prologue_(step.prologue.has_value()),
        worth_fusing_(step.weights.size() >= kWeightsWorthFusing),
        weights_(channels_last(step, element_of(precision), stream)) {
    weights_view_ = {weights_.data(), element_, step.output.channels, step.kernel, step.kernel,
                     channels_,       channels_};
    convolution_.geometry = {step.stride, step.padding};
    convolution_.w = CudnnOperand(weights_view_);
    convolution_.tf32 = precision == Precision::kTf32;
    if (step.prologue) prologue_ = DeviceAffine(*step.prologue);
    if (!step.bias.empty()) {
      epilogue_ = DeviceAffine(
          Normalisation{std::vector<float>(step.bias.size(), 1.0f), step.bias, step.relu});
    }
  }

  // cuDNN's graphs do not write masks.
  bool keeps_input_mask() const override { return false; }
  bool keeps_output_mask() const override { return false; }

  void forward(ConstView x, ConstView residual, View y, const StepMasks& /*masks*/,
               const Lane& lane) override {
    if (y.empty()) return;
    if (worth_fusing_ && fused_is_faster(x, residual, y, lane)) {
      library_->run(fused(x, residual, y), fused_pointers(x, residual, y), engine_lane(lane, x));
    } else {
      forward_in_steps(x, residual, y, lane);
    }
  }

  void backward(ConstView dy, ConstView x, ReluMask /*mask*/, bool mask_by_input, bool accumulate,
                View dx, const Lane& lane) override {
    if (dx.empty()) return;
    const bool masked = has_prologue_ || mask_by_input;
    // First the convolution's gradient; then that of the prologue, which adds.
    const View g = masked ? scratch(lane, dx) : dx;
    CudnnConvolution convolution = convolution_;
    convolution.pass = ConvolutionPass::kBackwardData;
    convolution.x = CudnnOperand(g);
    convolution.y = CudnnOperand(dy);
    convolution.accumulate = !masked && accumulate;
    CudnnPointers pointers;
    pointers.x = g.data;
    pointers.w = weights_.data();
    pointers.y = writable(dy);
    library_->run(convolution, pointers, engine_lane(lane, dx));
    if (!masked) return;
    if (!accumulate) fill(dx, 0, lane.stream);
    Affine affine = prologue_.get();
    affine.relu = affine.relu || mask_by_input;
    affine_backward(affine, x, g, dx, lane.stream);
  }

  std::size_t workspace_bytes(std::size_t input_pixels) const override {
    return scratch_bytes(input_pixels) + library_->workspace_bytes();
  }

 private:
  std::int64_t scratch_pitch() const { return (channels_ + 7) / 8 * 8; }
  std::size_t scratch_bytes(std::size_t pixels) const {
    const std::size_t bytes =
        pixels * static_cast<std::size_t>(scratch_pitch()) * size_of(element_);
    return (bytes + 255) / 256 * 256;
  }
  // A tensor like `like` at the beginning of the workspace.
  View scratch(const Lane& lane, const ConstView& like) const {
    return {lane.workspace, element_,      like.images,    like.height,
            like.width,     like.channels, scratch_pitch()};
  }
  // The rest of the workspace.
  Lane engine_lane(const Lane& lane, const ConstView& x) const {
    const std::size_t used = scratch_bytes(static_cast<std::size_t>(x.pixels()));
    return {lane.stream, static_cast<std::byte*>(lane.workspace) + used,
            lane.workspace_bytes - used};
  }

  void forward_in_steps(ConstView x, ConstView residual, View y, const Lane& lane) {
    const Lane engine = engine_lane(lane, x);
    if (has_prologue_) {
      const View normalised = scratch(lane, x);
      affine_forward(prologue_.get(), x, normalised, lane.stream);
      x = normalised;
    }
    CudnnConvolution convolution = convolution_;
    convolution.x = CudnnOperand(x);
    convolution.y = CudnnOperand(y);
    CudnnPointers pointers;
    pointers.x = writable(x);
    pointers.w = weights_.data();
    pointers.y = y.data;
    library_->run(convolution, pointers, engine);
    if (epilogue_) {
      affine_forward(epilogue_->get(), y, y, lane.stream);
    } else if (relu_) {
      affine_forward({nullptr, nullptr, true}, y, y, lane.stream);
    }
    if (!residual.empty()) add(y, residual, y, lane.stream);
  }

  CudnnConvolution fused(const ConstView& x, const ConstView& residual, const View& y) const {
    CudnnConvolution convolution = convolution_;
    convolution.x = CudnnOperand(x);
    convolution.y = CudnnOperand(y);
    convolution.prologue = has_prologue_;
    convolution.bias = epilogue_.has_value();
    convolution.relu = relu_;
    convolution.residual = !residual.empty();
    return convolution;
  }
  CudnnPointers fused_pointers(const ConstView& x, const ConstView& residual, const View& y) const {
    CudnnPointers pointers;
    pointers.x = writable(x);
    pointers.w = weights_.data();
    pointers.y = y.data;
    pointers.scale = prologue_.get().scale;
    pointers.shift = prologue_.get().shift;
    if (epilogue_) pointers.bias = epilogue_->get().shift;
    pointers.residual = residual.data;
    return pointers;
  }

  // Measured once for each size of batch. It writes to y, which is overwritten afterwards anyway.
  bool fused_is_faster(const ConstView& x, const ConstView& residual, const View& y,
                       const Lane& lane) {
    const auto known = fused_is_faster_.find(y.images);
    if (known != fused_is_faster_.end()) return known->second;
    const CudnnConvolution convolution = fused(x, residual, y);
    const bool is_fused = has_prologue_ || epilogue_ || relu_ || !residual.empty();
    const CudnnPointers pointers = fused_pointers(x, residual, y);
    const Lane engine = engine_lane(lane, x);
    // The fused graph requires a residual with y's layout.
    const bool possible = is_fused && (residual.empty() || residual.pitch == y.pitch) &&
                          library_->supports(convolution, pointers, engine);
    const bool faster =
        possible &&
        least_milliseconds(lane.stream, [&] { library_->run(convolution, pointers, engine); }) <
            least_milliseconds(
                lane.stream, [&] { forward_in_steps(x, residual, y, lane); });
    fused_is_faster_.emplace(y.images, faster);
    return faster;
  }

  std::shared_ptr<LibraryConvolutions> library_;
  Element element_;
  int channels_;
  bool relu_;
  bool has_prologue_;
  bool worth_fusing_;
  DeviceBuffer weights_;
  ConstView weights_view_;
  DeviceAffine prologue_;
  std::optional<DeviceAffine> epilogue_;  // y = relu(y + bias)
  CudnnConvolution convolution_;          // without the operands of a batch
  std::map<int, bool> fused_is_faster_;   // by images
};

}  // namespace

PlanConvolutionMaker cudnn_plan_convolutions(Precision precision) {
  return [precision, own = own_plan_convolutions(precision, ConvolutionVersion::kAuto),
          library = std::make_shared<LibraryConvolutions>()](
             const PlanConvolution& step, bool image,
             Stream stream) -> std::unique_ptr<PlanConvolutionRunner> {
    // cuDNN does not mix the image's float with half precision.
    if (image && element_of(precision) != Element::kFloat) return own(step, image, stream);
    return std::make_unique<CudnnPlanConvolution>(step, precision, library, stream);
  };
}

}  // namespace odin::cuda
