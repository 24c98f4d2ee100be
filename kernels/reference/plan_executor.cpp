#include "kernels/reference/plan_executor.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "kernels/error.h"

namespace odin::reference {
namespace {

using Values = std::vector<double>;

std::size_t as_size(std::int64_t value) {
  return static_cast<std::size_t>(value);
}

// Every pair (tap of the window, pixel of the input) that one pixel of the result is made of.
template <class Visit>
void for_window(int kernel, int stride, int padding, const PlanBuffer& in, int y, int x,
                Visit visit) {
  for (int p = 0; p < kernel; ++p) {
    for (int q = 0; q < kernel; ++q) {
      const int row = y * stride + p - padding;
      const int column = x * stride + q - padding;
      if (row < 0 || row >= in.height || column < 0 || column >= in.width) continue;
      visit(p * kernel + q, row * in.width + column);
    }
  }
}

class ReferencePlanExecutor final : public PlanExecutor {
 public:
  explicit ReferencePlanExecutor(const Plan& plan) : plan_(plan) {
    validate(plan_);
    for (const PlanBuffer& buffer : plan_.buffers) {
      values_.emplace_back(as_size(buffer.channels) * pixels(buffer));
      gradients_.emplace_back(as_size(buffer.channels) * pixels(buffer));
    }
    logits_.resize(as_size(plan_.classes));
  }

  void run(const float* images, std::int64_t n, std::span<const OdinSetting> settings,
           const OdinResults& results) override {
    check_run(plan_, images, n, settings, results);
    const std::size_t classes = logits_.size();
    const std::size_t elements = as_size(plan_.input.channels) * pixels(buffer(plan_.input));
    for (std::size_t i = 0; i < as_size(n); ++i) {
      const Values image(images + i * elements, images + (i + 1) * elements);
      forward(image);
      std::copy(logits_.begin(), logits_.end(), results.logits + i * classes);
      std::vector<Values> gradients;
      for (std::size_t s = 0; s < settings.size(); ++s) {
        gradients.push_back(backward(settings[s].temperature));
        if (results.gradient != nullptr) {
          std::copy(gradients[s].begin(), gradients[s].end(),
                    results.gradient + (s * as_size(n) + i) * elements);
        }
      }
      std::size_t row = 0;
      for (std::size_t s = 0; s < settings.size(); ++s) {
        for (const std::vector<float>& step : settings[s].steps) {
          forward(perturb(image, gradients[s], step));
          std::copy(logits_.begin(), logits_.end(),
                    results.perturbed + (row++ * as_size(n) + i) * classes);
        }
      }
    }
  }

  std::int64_t preferred_batch() const override { return 1; }
  std::string description() const override { return "reference, double, 1 thread"; }

 private:
  static std::size_t pixels(const PlanBuffer& buffer) {
    return as_size(buffer.height) * as_size(buffer.width);
  }
  const PlanBuffer& buffer(const PlanSlice& slice) const {
    return plan_.buffers[as_size(slice.buffer)];
  }
  // Plane `channel` of a slice, of the activations or of their gradients.
  double* plane(std::vector<Values>& of, const PlanSlice& slice, std::size_t channel) {
    return of[as_size(slice.buffer)].data() +
           (as_size(slice.begin) + channel) * pixels(buffer(slice));
  }
  double* value(const PlanSlice& slice, std::size_t channel) {
    return plane(values_, slice, channel);
  }
  double* gradient(const PlanSlice& slice, std::size_t channel) {
    return plane(gradients_, slice, channel);
  }

  // The slice as a step's arithmetic sees it: normalised if there is something to normalise by.
  Values normalised(const PlanSlice& slice, const Normalisation* normalisation) {
    const std::size_t count = pixels(buffer(slice));
    Values result;
    result.reserve(as_size(slice.channels) * count);
    for (std::size_t c = 0; c < as_size(slice.channels); ++c) {
      const double* x = value(slice, c);
      for (std::size_t i = 0; i < count; ++i) {
        double z = x[i];
        if (normalisation != nullptr) {
          z = double{normalisation->scale[c]} * z + double{normalisation->shift[c]};
          if (normalisation->relu) z = std::max(z, 0.0);
        }
        result.push_back(z);
      }
    }
    return result;
  }
  // Adds to the slice's gradient that of what normalised() gave.
  void add_gradient(const PlanSlice& slice, const Normalisation* normalisation, const Values& dz) {
    const std::size_t count = pixels(buffer(slice));
    const Values z = normalised(slice, normalisation);
    for (std::size_t c = 0; c < as_size(slice.channels); ++c) {
      double* dx = gradient(slice, c);
      for (std::size_t i = 0; i < count; ++i) {
        double d = dz[c * count + i];
        if (normalisation != nullptr) {
          if (normalisation->relu && z[c * count + i] <= 0) d = 0;
          d *= double{normalisation->scale[c]};
        }
        dx[i] += d;
      }
    }
  }
  static const Normalisation* prologue(const std::optional<Normalisation>& normalisation) {
    return normalisation ? &*normalisation : nullptr;
  }

  void forward(const Values& image) {
    std::copy(image.begin(), image.end(), value(plan_.input, 0));
    for (const PlanStep& step : plan_.steps) {
      std::visit([this](const auto& s) { forward(s); }, step);
    }
  }

  void forward(const PlanConvolution& step) {
    const PlanBuffer& in = buffer(step.input);
    const PlanBuffer& out = buffer(step.output);
    const Values z = normalised(step.input, prologue(step.prologue));
    const std::size_t taps = as_size(step.kernel) * as_size(step.kernel);
    for (std::size_t o = 0; o < as_size(step.output.channels); ++o) {
      double* y = value(step.output, o);
      for (int i = 0; i < out.height; ++i) {
        for (int j = 0; j < out.width; ++j, ++y) {
          double sum = step.bias.empty() ? 0.0 : double{step.bias[o]};
          for (std::size_t c = 0; c < as_size(step.input.channels); ++c) {
            const float* w = step.weights.data() + (o * as_size(step.input.channels) + c) * taps;
            const double* x = z.data() + c * pixels(in);
            for_window(step.kernel, step.stride, step.padding, in, i, j,
                       [&](int tap, int pixel) { sum += double{w[tap]} * x[pixel]; });
          }
          if (step.relu) sum = std::max(sum, 0.0);
          if (step.residual)
            sum += value(*step.residual, o)[as_size(i) * as_size(out.width) + as_size(j)];
          *y = sum;
        }
      }
    }
  }

  void backward(const PlanConvolution& step) {
    const PlanBuffer& in = buffer(step.input);
    const PlanBuffer& out = buffer(step.output);
    Values dz(as_size(step.input.channels) * pixels(in));
    const std::size_t taps = as_size(step.kernel) * as_size(step.kernel);
    for (std::size_t o = 0; o < as_size(step.output.channels); ++o) {
      const double* y = value(step.output, o);
      const double* dy = gradient(step.output, o);
      for (int i = 0; i < out.height; ++i) {
        for (int j = 0; j < out.width; ++j, ++y, ++dy) {
          if (step.relu && *y <= 0) continue;
          for (std::size_t c = 0; c < as_size(step.input.channels); ++c) {
            const float* w = step.weights.data() + (o * as_size(step.input.channels) + c) * taps;
            double* dx = dz.data() + c * pixels(in);
            for_window(step.kernel, step.stride, step.padding, in, i, j,
                       [&](int tap, int pixel) { dx[pixel] += double{w[tap]} * *dy; });
          }
        }
      }
      if (step.residual) {
        double* dr = gradient(*step.residual, o);
        const double* dy0 = gradient(step.output, o);
        for (std::size_t p = 0; p < pixels(out); ++p) dr[p] += dy0[p];
      }
    }
    add_gradient(step.input, prologue(step.prologue), dz);
  }

  void forward(const PlanPool& step) {
    const PlanBuffer& in = buffer(step.input);
    const PlanBuffer& out = buffer(step.output);
    const Values z = normalised(step.input, prologue(step.prologue));
    const double area = double(step.window) * step.window;
    for (std::size_t c = 0; c < as_size(step.output.channels); ++c) {
      double* y = value(step.output, c);
      for (int i = 0; i < out.height; ++i) {
        for (int j = 0; j < out.width; ++j, ++y) {
          double sum = 0;
          for_window(step.window, step.stride, 0, in, i, j,
                     [&](int, int pixel) { sum += z[c * pixels(in) + as_size(pixel)]; });
          *y = sum / area;
        }
      }
    }
  }

  void backward(const PlanPool& step) {
    const PlanBuffer& in = buffer(step.input);
    const PlanBuffer& out = buffer(step.output);
    Values dz(as_size(step.input.channels) * pixels(in));
    const double area = double(step.window) * step.window;
    for (std::size_t c = 0; c < as_size(step.output.channels); ++c) {
      const double* dy = gradient(step.output, c);
      for (int i = 0; i < out.height; ++i) {
        for (int j = 0; j < out.width; ++j, ++dy) {
          for_window(step.window, step.stride, 0, in, i, j,
                     [&](int, int pixel) { dz[c * pixels(in) + as_size(pixel)] += *dy / area; });
        }
      }
    }
    add_gradient(step.input, prologue(step.prologue), dz);
  }

  void forward(const PlanNormalise& step) {
    const Values z = normalised(step.input, &step.normalisation);
    std::copy(z.begin(), z.end(), value(step.output, 0));
  }

  void backward(const PlanNormalise& step) {
    const double* dy = gradient(step.output, 0);
    add_gradient(step.input, &step.normalisation,
                 Values(dy, dy + as_size(step.output.channels) * pixels(buffer(step.output))));
  }

  void forward(const PlanLinear& step) {
    const double* x = value(step.input, 0);
    const std::size_t inputs = as_size(step.input.channels) * pixels(buffer(step.input));
    for (std::size_t k = 0; k < logits_.size(); ++k) {
      logits_[k] = double{step.bias[k]};
      for (std::size_t d = 0; d < inputs; ++d) {
        logits_[k] += double{step.weights[k * inputs + d]} * x[d];
      }
    }
  }

  // dlogits_ is set before the backward pass begins.
  void backward(const PlanLinear& step) {
    double* dx = gradient(step.input, 0);
    const std::size_t inputs = as_size(step.input.channels) * pixels(buffer(step.input));
    for (std::size_t k = 0; k < logits_.size(); ++k) {
      for (std::size_t d = 0; d < inputs; ++d) {
        dx[d] += double{step.weights[k * inputs + d]} * dlogits_[k];
      }
    }
  }

  // The gradient of cross entropy(logits / temperature, predicted label) in the image that the last
  // forward pass saw.
  Values backward(double temperature) {
    const std::size_t label =
        as_size(std::max_element(logits_.begin(), logits_.end()) - logits_.begin());
    dlogits_.assign(logits_.size(), 0.0);
    double others = 0;
    for (std::size_t k = 0; k < logits_.size(); ++k) {
      dlogits_[k] = std::exp((logits_[k] - logits_[label]) / temperature);
      if (k != label) others += dlogits_[k];
    }
    // softmax - 1 of the label is minus the sum of the others: a confident network's would be lost
    // in the rounding of 1.
    dlogits_[label] = -others;
    for (double& d : dlogits_) d /= (1 + others) * temperature;
    for (Values& g : gradients_) std::fill(g.begin(), g.end(), 0.0);
    for (auto step = plan_.steps.rbegin(); step != plan_.steps.rend(); ++step) {
      std::visit([this](const auto& s) { backward(s); }, *step);
    }
    const double* g = gradient(plan_.input, 0);
    return Values(g, g + as_size(plan_.input.channels) * pixels(buffer(plan_.input)));
  }

  Values perturb(Values image, const Values& gradient, const std::vector<float>& step) const {
    const std::size_t count = pixels(buffer(plan_.input));
    for (std::size_t i = 0; i < image.size(); ++i) {
      const double s = gradient[i] >= 0 ? 1.0 : -1.0;
      image[i] -= double{step[i / count]} * s;
    }
    return image;
  }

  Plan plan_;
  std::vector<Values> values_;     // every buffer of the plan
  std::vector<Values> gradients_;  // the same, of the loss
  Values logits_;
  Values dlogits_;
};

}  // namespace

std::unique_ptr<PlanExecutor> make_plan_executor(const Plan& plan) {
  return std::make_unique<ReferencePlanExecutor>(plan);
}

}  // namespace odin::reference
