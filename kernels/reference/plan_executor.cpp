#include "kernels/reference/plan_executor.h"

#include <algorithm>
#include <cstddef>
#include <limits>

#include "kernels/as_size.h"
#include "kernels/reference/backend.h"

namespace odin::reference {
namespace {

using Values = std::vector<double>;

Values doubles(const std::vector<float>& values) {
  return {values.begin(), values.end()};
}

// A tensor and its memory.
class Array {
 public:
  explicit Array(const Shape& shape) : Array(shape, Values(as_size(shape.numel()))) {}
  Array(const Shape& shape, Values values) : values_(std::move(values)), shape_(shape) {}

  TensorView view() { return {values_.data(), shape_}; }
  const Values& values() const { return values_; }

 private:
  Values values_;
  Shape shape_;
};

// Runs the operations of the reference on one image, in the order of the plan.
class ReferencePlanExecutor final : public PlanExecutor {
 public:
  explicit ReferencePlanExecutor(const Plan& plan) : plan_(plan) {
    validate(plan_);
    for (const PlanBuffer& buffer : plan_.buffers) {
      const Shape shape{1, buffer.channels, buffer.height, buffer.width};
      values_.emplace_back(shape);
      gradients_.emplace_back(shape);
    }
  }

  void run(const float* images, std::int64_t n, std::span<const OdinSetting> settings,
           const OdinResults& results) override {
    check_run(plan_, images, n, settings, results);
    const std::size_t classes = as_size(plan_.classes);
    const std::size_t features = as_size(plan_.features());
    const std::size_t elements = as_size(value(plan_.input).numel());
    for (std::size_t i = 0; i < as_size(n); ++i) {
      const Values image(images + i * elements, images + (i + 1) * elements);
      forward(image, results.logits + i * classes);
      if (results.features != nullptr) copy_features(results.features + i * features);
      std::vector<Values> gradients;
      for (std::size_t s = 0; s < settings.size(); ++s) {
        gradients.push_back(backward(settings[s]));
        if (results.gradient != nullptr) {
          std::copy(gradients[s].begin(), gradients[s].end(),
                    results.gradient + (s * as_size(n) + i) * elements);
        }
      }
      std::size_t row = 0;
      for (std::size_t s = 0; s < settings.size(); ++s) {
        for (const std::vector<float>& step : settings[s].steps) {
          forward(perturbed(image, gradients[s], step),
                  results.perturbed + (row++ * as_size(n) + i) * classes);
        }
      }
    }
  }

  std::int64_t preferred_batch() const override { return 1; }
  std::string description() const override { return "reference, double, 1 thread"; }

 private:
  TensorView value(const PlanSlice& slice) { return view(values_, slice); }
  TensorView gradient(const PlanSlice& slice) { return view(gradients_, slice); }
  static TensorView view(std::vector<Array>& arrays, const PlanSlice& slice) {
    return arrays[as_size(slice.buffer)].view().channels(slice.begin, slice.channels);
  }

  // y = normalisation(x): a batch norm whose mean is 0 and whose variance is 1, then the ReLU.
  void normalise(const Normalisation& normalisation, ConstTensorView x, TensorView y) {
    UnitBatchNorm norm(normalisation);
    backend_.batch_norm_forward_evaluation(x, norm.gamma.view(), norm.beta.view(), norm.mean.view(),
                                           norm.variance.view(), kNoEpsilon, y);
    if (normalisation.relu) backend_.relu_forward(y, y);
  }
  // dx += the gradient of normalise(), given dy.
  void normalise_backward(const Normalisation& normalisation, ConstTensorView x, ConstTensorView dy,
                          TensorView dx) {
    UnitBatchNorm norm(normalisation);
    Array through_relu(x.shape());
    if (normalisation.relu) {
      Array y(x.shape());
      normalise(normalisation, x, y.view());
      backend_.relu_backward(y.view(), dy, through_relu.view());
      dy = through_relu.view();
    }
    backend_.batch_norm_backward_evaluation(x, dy, norm.gamma.view(), norm.mean.view(),
                                            norm.variance.view(), kNoEpsilon, dx, {}, {});
  }
  static constexpr double kNoEpsilon = std::numeric_limits<double>::min();  // 1 + it is 1
  struct UnitBatchNorm {
    explicit UnitBatchNorm(const Normalisation& n)
        : gamma({as_channels(n)}, doubles(n.scale)),
          beta({as_channels(n)}, doubles(n.shift)),
          mean({as_channels(n)}),
          variance({as_channels(n)}, Values(n.scale.size(), 1.0)) {}
    static std::int64_t as_channels(const Normalisation& n) {
      return static_cast<std::int64_t>(n.scale.size());
    }
    Array gamma, beta, mean, variance;
  };

  // Calls use(x) with the input, normalised if the step has a prologue.
  template <class Use>
  void with_prologue(const PlanSlice& input, const std::optional<Normalisation>& prologue,
                     Use use) {
    if (!prologue) return use(value(input));
    Array z(value(input).shape());
    normalise(*prologue, value(input), z.view());
    use(z.view());
  }
  // Calls add(dz), which adds to the gradient of that x, and continues to the gradient of the
  // input.
  template <class Add>
  void with_prologue_backward(const PlanSlice& input, const std::optional<Normalisation>& prologue,
                              Add add) {
    if (!prologue) return add(gradient(input));
    Array dz(value(input).shape());
    add(dz.view());
    normalise_backward(*prologue, value(input), dz.view(), gradient(input));
  }

  void forward(const Values& image, float* logits) {
    Array x(value(plan_.input).shape(), image);
    backend_.copy(x.view(), value(plan_.input));
    for (const PlanStep& step : plan_.steps) {
      std::visit([this](const auto& s) { forward(s); }, step);
    }
    std::copy(logits_.values().begin(), logits_.values().end(), logits);
  }

  void forward(const PlanConvolution& step) {
    const TensorView y = value(step.output);
    Array w = weights(step);
    with_prologue(step.input, step.prologue, [&](TensorView x) {
      backend_.convolution_forward({step.stride, step.padding}, x, w.view(), y);
    });
    if (!step.bias.empty()) {
      const Values bias = doubles(step.bias);
      // The channel's bias at every pixel.
      const ConstTensorView everywhere(bias.data(), y.type(), y.shape(), {0, 1, 0, 0});
      backend_.add(y, everywhere, y);
    }
    if (step.relu) backend_.relu_forward(y, y);
    if (step.residual) backend_.add(y, value(*step.residual), y);
  }

  void backward(const PlanConvolution& step) {
    TensorView dy = gradient(step.output);
    if (step.residual) backend_.add(gradient(*step.residual), dy, gradient(*step.residual));
    Array through_relu(dy.shape());
    if (step.relu) {
      backend_.relu_backward(value(step.output), dy, through_relu.view());
      dy = through_relu.view();
    }
    Array w = weights(step);
    with_prologue_backward(step.input, step.prologue, [&](TensorView dx) {
      backend_.convolution_backward_data({step.stride, step.padding}, dy, w.view(), dx);
    });
  }

  static Array weights(const PlanConvolution& step) {
    return {{step.output.channels, step.input.channels, step.kernel, step.kernel},
            doubles(step.weights)};
  }

  void forward(const PlanPool& step) {
    with_prologue(step.input, step.prologue, [&](TensorView x) {
      backend_.average_pool_forward(step.window, step.stride, x, value(step.output));
    });
  }

  void backward(const PlanPool& step) {
    with_prologue_backward(step.input, step.prologue, [&](TensorView dx) {
      backend_.average_pool_backward(step.window, step.stride, gradient(step.output), dx);
    });
  }

  void forward(const PlanNormalise& step) {
    normalise(step.normalisation, value(step.input), value(step.output));
  }

  void backward(const PlanNormalise& step) {
    normalise_backward(step.normalisation, value(step.input), gradient(step.output),
                       gradient(step.input));
  }

  void forward(const PlanLinear& step) {
    const TensorView x = flat(value(step.input));
    Array w({plan_.classes, x.numel()}, doubles(step.weights));
    Array b({plan_.classes}, doubles(step.bias));
    backend_.linear_forward(x, w.view(), b.view(), logits_.view());
  }

  // The input of the linear step in the last forward pass.
  void copy_features(float* features) {
    const TensorView x = flat(value(input_of(plan_.steps.back())));
    std::copy_n(x.data<double>(), x.numel(), features);
  }

  // dlogits_ is set before the backward pass begins.
  void backward(const PlanLinear& step) {
    const TensorView x = flat(value(step.input));
    Array w({plan_.classes, x.numel()}, doubles(step.weights));
    backend_.linear_backward(x, w.view(), dlogits_.view(), flat(gradient(step.input)), {}, {});
  }

  // An image's channels as one row (1, C H W).
  static TensorView flat(const TensorView& image) {
    return {image.data<double>(), {1, image.numel()}};
  }

  // dlogits_ = the gradient of the setting's objective in the logits f. With the predicted label y
  // the cross entropy is log(sum over k of exp(f[k] / T)) - f[y] / T, so the energy is -T times it,
  // less f[y].
  void differentiate(const OdinSetting& setting) {
    std::int32_t label = 0;
    const TensorView labels(&label, {1});
    backend_.argmax(logits_.view(), labels);
    backend_.fill(dlogits_.view(), 0);
    const bool energy = setting.objective == OdinObjective::kEnergy;
    if (energy || setting.objective == OdinObjective::kCrossEntropy) {
      backend_.cross_entropy_backward(logits_.view(), labels, setting.temperature,
                                      energy ? -setting.temperature : 1, dlogits_.view());
    }
    if (energy || setting.objective == OdinObjective::kMaxLogit) {
      dlogits_.view().data<double>()[label] -= 1;
    }
  }

  // The gradient of the setting's objective in the image that the last forward pass saw.
  Values backward(const OdinSetting& setting) {
    differentiate(setting);
    for (Array& g : gradients_) backend_.fill(g.view(), 0);
    for (auto step = plan_.steps.rbegin(); step != plan_.steps.rend(); ++step) {
      std::visit([this](const auto& s) { backward(s); }, *step);
    }
    Array result(value(plan_.input).shape());
    backend_.copy(gradient(plan_.input), result.view());
    return result.values();
  }

  Values perturbed(const Values& image, const Values& gradient, const std::vector<float>& step) {
    const Shape shape = value(plan_.input).shape();
    Array x(shape, image);
    Array g(shape, gradient);
    Array steps({shape[1]}, doubles(step));
    backend_.perturb(x.view(), g.view(), steps.view(), x.view());
    return x.values();
  }

  Plan plan_;
  ReferenceBackend backend_;
  std::vector<Array> values_;     // every buffer of the plan
  std::vector<Array> gradients_;  // the same, of the loss
  Array logits_{{1, plan_.classes}};
  Array dlogits_{{1, plan_.classes}};
};

}  // namespace

std::unique_ptr<PlanExecutor> make_plan_executor(const Plan& plan) {
  return std::make_unique<ReferencePlanExecutor>(plan);
}

}  // namespace odin::reference
