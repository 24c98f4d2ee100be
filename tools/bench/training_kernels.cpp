#include "tools/bench/training_kernels.h"

#include <algorithm>
#include <cmath>

#include "kernels/cpu/training/packed_weights.h"
#include "kernels/cpu/winograd_choice.h"
#include "tools/bench/relative_error.h"

namespace odin::bench {
namespace {

// Batches as those of training, so that operands come from memory.
constexpr int kDenseNetBatch = 64;
constexpr int kWrnBatch = 32;
// Outputs whose gradient in the weights is compared.
constexpr int kCompared = 4;

Shape with_batch(Shape shape) {
  shape.images = shape.network == std::string("densenet") ? kDenseNetBatch : kWrnBatch;
  return shape;
}

// As tensors have it.
cpu::FloatMemory random_memory(std::int64_t floats) {
  cpu::FloatMemory memory(as_size(floats));
  std::ranges::copy(random_values(memory.size(), 1), memory.data());
  return memory;
}

}  // namespace

TrainingKernels::TrainingKernels(const Shape& shape, const cpu::KernelTable& kernels)
    : shape_(with_batch(shape)), sizes_(shape_.sizes()), table_(kernels) {
  const std::int64_t weights = std::int64_t{shape_.out} * shape_.in * shape_.kernel * shape_.kernel;
  const std::int64_t in_planes = std::int64_t{shape_.images} * shape_.in;
  const std::int64_t out_planes = std::int64_t{shape_.images} * shape_.out;
  const int out_pixels = shape_.out_size() * shape_.out_size();
  x_ = random_memory(in_planes * shape_.size * shape_.size);
  dy_ = random_memory(out_planes * out_pixels);
  w_ = random_values(as_size(weights), std::sqrt(2.0 * shape_.out / static_cast<double>(weights)));
  dw_.resize(w_.size());
  const auto inputs = as_size(shape_.in);
  const auto outputs = as_size(shape_.out);
  // Powers of two: their products are exact, so that rounding opens or closes no ReLU.
  for (std::size_t c = 0; c < inputs; ++c) scale_.push_back(c % 2 == 0 ? 0.5f : -2.0f);
  shift_ = random_values(inputs, 0.5);
  mean_ = random_values(inputs, 0.1);
  if (shape_.in > 3) prologue_ = {scale_.data(), shift_.data()};

  if (!is_pointwise(sizes_)) {
    const double count = shape_.multiply_adds();
    list_.push_back(
        {"filter direct", false, count,
         [](TrainingKernels& k) { k.filter<ConvolutionAlgorithm::kDirect>(); },
         [](TrainingKernels& k) { return k.filter_error<ConvolutionAlgorithm::kDirect>(); }});
    if (shape_.stride == 1 && cpu::takes_winograd(sizes_, ConvolutionAlgorithm::kAuto)) {
      list_.push_back(
          {"filter winograd", true, count,
           [](TrainingKernels& k) { k.filter<ConvolutionAlgorithm::kAuto>(); },
           [](TrainingKernels& k) { return k.filter_error<ConvolutionAlgorithm::kAuto>(); }});
    }
    return;
  }
  out_mean_ = random_values(outputs, 0.1);
  out_offset_ = random_values(outputs, 0.1);
  out_slope_ = random_values(outputs, 0.1);
  y_ = cpu::FloatMemory(dy_.size());
  dx_ = cpu::FloatMemory(x_.size());
  measured_.resize(3 * as_size(out_planes));
  open_sums_.resize(2 * as_size(in_planes));
  for (const bool backward : {false, true}) {
    const cpu::PackedWeights packed(
        backward ? ConvolutionPass::kBackwardData : ConvolutionPass::kForward, sizes_,
        ConvolutionAlgorithm::kAuto, table_, w_.data(),
        backward ? packed_backward_ : packed_forward_, pool_);
    (backward ? backward_weights_ : forward_weights_) = packed.data();
  }
  list_.push_back({"pointwise forward", false, shape_.multiply_adds(),
                   [](TrainingKernels& k) { k.forward(); },
                   [](TrainingKernels& k) { return k.forward_error(); }});
  list_.push_back({"pointwise gradient", false, 2 * shape_.multiply_adds(),
                   [](TrainingKernels& k) { k.gradient(); },
                   [](TrainingKernels& k) { return k.gradient_error(); }});
}

double TrainingKernels::hidden(std::int64_t image, int channel, int pixel) const {
  const double x =
      x_.data()[as_size((image * shape_.in + channel) * shape_.size * shape_.size + pixel)];
  if (prologue_.scale == nullptr) return x;
  return std::max(0.0, scale_[as_size(channel)] * x + shift_[as_size(channel)]);
}

double TrainingKernels::result_gradient(std::int64_t image, int channel, int pixel) const {
  const int pixels = shape_.out_size() * shape_.out_size();
  const std::size_t at = as_size((image * shape_.out + channel) * pixels + pixel);
  if (out_slope_.empty()) return dy_.data()[at];
  const auto c = as_size(channel);
  return double{dy_.data()[at]} - out_offset_[c] -
         double{out_slope_[c]} * (double{y_.data()[at]} - out_mean_[c]);
}

void TrainingKernels::forward() {
  const long pixels = long{shape_.size} * shape_.size;
  cpu::PointwiseForwardTask task;
  task.in_channels = shape_.in;
  task.out_channels = shape_.out;
  task.pixels = pixels;
  task.scale = scale_.data();
  task.shift = shift_.data();
  task.weights = forward_weights_;
  const auto group = static_cast<int>(cpu::images_at_once(sizes_, blocks_));
  for (int first = 0; first < shape_.images; first += group) {
    task.images = std::min(group, shape_.images - first);
    task.in = {x_.data() + first * shape_.in * pixels, shape_.in * pixels, pixels};
    task.out = {y_.data() + first * shape_.out * pixels, shape_.out * pixels, pixels};
    task.measured = measured_.data() + 3 * first * shape_.out;
    task.workspace = workspace_.floats(table_.pointwise_forward.workspace(task));
    table_.pointwise_forward.run(task);
  }
}

double TrainingKernels::forward_error() {
  forward();
  const int pixels = shape_.size * shape_.size;
  RelativeError results, sums, squares;
  for (int o = 0; o < shape_.out; ++o) {
    const double center = measured_[as_size(o)];
    double sum = 0;
    double square = 0;
    for (int p = 0; p < pixels; ++p) {
      double y = 0;
      for (int c = 0; c < shape_.in; ++c) y += w_[as_size(o * shape_.in + c)] * hidden(0, c, p);
      results.add(y_.data()[as_size(o * pixels + p)], y);
      sum += y - center;
      square += (y - center) * (y - center);
    }
    sums.add(measured_[as_size(shape_.out + o)], sum);
    squares.add(measured_[as_size(2 * shape_.out + o)], square);
  }
  return std::max({results.value(), sums.value(), squares.value()});
}

void TrainingKernels::gradient() {
  const long pixels = long{shape_.size} * shape_.size;
  cpu::FilterSums filter(sizes_, ConvolutionAlgorithm::kAuto, prologue_, table_, filter_memory_,
                         pool_);
  cpu::PointwiseGradientTask task;
  task.in_channels = shape_.in;
  task.out_channels = shape_.out;
  task.pixels = pixels;
  task.open.scale = scale_.data();
  task.open.shift = shift_.data();
  task.open.mean = mean_.data();
  task.out_mean = out_mean_.data();
  task.out_offset = out_offset_.data();
  task.out_slope = out_slope_.data();
  task.weights = backward_weights_;
  for (std::int64_t part = 0; part < filter.parts(); ++part) {
    const std::int64_t first = filter.first_image(part);
    task.images = static_cast<int>(filter.first_image(part + 1) - first);
    task.open.x = {x_.data() + first * shape_.in * pixels, shape_.in * pixels, pixels};
    task.open.dx = {dx_.data() + first * shape_.in * pixels, shape_.in * pixels, pixels};
    task.gradient = {dy_.data() + first * shape_.out * pixels, shape_.out * pixels, pixels};
    task.out = {y_.data() + first * shape_.out * pixels, shape_.out * pixels, pixels};
    task.sums = filter.clear_part(part);
    task.open.sums = open_sums_.data() + 2 * first * shape_.in;
    task.workspace = workspace_.floats(table_.pointwise_gradient.workspace(task));
    table_.pointwise_gradient.run(task);
  }
  filter.add_to(dw_.data());
}

double TrainingKernels::gradient_error() {
  forward();
  std::fill_n(dx_.data(), dx_.size(), 1.0f);
  std::ranges::fill(dw_, 0.0f);
  gradient();
  const int pixels = shape_.size * shape_.size;
  RelativeError gradients, opens, products;
  for (int c = 0; c < shape_.in; ++c) {
    const double scale = scale_[as_size(c)];
    double open = 0;
    double product = 0;
    for (int p = 0; p < pixels; ++p) {
      double d = 0;
      if (hidden(0, c, p) > 0) {
        for (int o = 0; o < shape_.out; ++o) {
          d += w_[as_size(o * shape_.in + c)] * result_gradient(0, o, p);
        }
      }
      const auto at = as_size(c * pixels + p);
      gradients.add(dx_.data()[at], 1 + scale * d);
      open += d;
      product += d * (double{x_.data()[at]} - mean_[as_size(c)]);
    }
    opens.add(open_sums_[as_size(c)], open);
    products.add(open_sums_[as_size(shape_.in + c)], product);
  }
  return std::max({gradients.value(), opens.value(), products.value(), weights_error()});
}

template <ConvolutionAlgorithm kAlgorithm>
void TrainingKernels::filter() {
  const std::int64_t in_image = std::int64_t{shape_.in} * shape_.size * shape_.size;
  const std::int64_t out_image = std::int64_t{shape_.out} * shape_.out_size() * shape_.out_size();
  const cpu::Images<const float> x{x_.data(), in_image};
  const cpu::Images<const float> dy{dy_.data(), out_image};
  cpu::FilterSums sums(sizes_, kAlgorithm, prologue_, table_, filter_memory_, pool_);
  if (sums.in_parts()) {
    for (std::int64_t part = 0; part < sums.parts(); ++part) {
      sums.clear_part(part);
      sums.add_part(part, 0, x, dy);
    }
  } else {
    sums.add_all(x, dy);
  }
  sums.add_to(dw_.data());
}

template <ConvolutionAlgorithm kAlgorithm>
double TrainingKernels::filter_error() {
  std::ranges::fill(dw_, 0.0f);
  filter<kAlgorithm>();
  return weights_error();
}

double TrainingKernels::weights_error() const {
  const int taps = shape_.kernel * shape_.kernel;
  const int size = shape_.out_size();
  RelativeError error;
  std::vector<double> h(as_size(shape_.size * shape_.size));
  std::vector<double> expected(as_size(kCompared * shape_.in * taps));
  std::vector<double> dy(as_size(kCompared * size * size));
  const auto output = [&](int i) { return i * (shape_.out - 1) / (kCompared - 1); };
  for (std::int64_t n = 0; n < shape_.images; ++n) {
    for (int i = 0; i < kCompared; ++i) {
      for (int p = 0; p < size * size; ++p) {
        dy[as_size(i * size * size + p)] = result_gradient(n, output(i), p);
      }
    }
    for (int c = 0; c < shape_.in; ++c) {
      for (int p = 0; p < shape_.size * shape_.size; ++p) h[as_size(p)] = hidden(n, c, p);
      for (int i = 0; i < kCompared; ++i) {
        for (int tap = 0; tap < taps; ++tap) {
          double sum = 0;
          for (int p = 0; p < size * size; ++p) {
            const int row = p / size * shape_.stride + tap / shape_.kernel - shape_.padding();
            const int column = p % size * shape_.stride + tap % shape_.kernel - shape_.padding();
            if (row < 0 || row >= shape_.size || column < 0 || column >= shape_.size) continue;
            sum += h[as_size(row * shape_.size + column)] * dy[as_size(i * size * size + p)];
          }
          expected[as_size((i * shape_.in + c) * taps + tap)] += sum;
        }
      }
    }
  }
  for (int i = 0; i < kCompared; ++i) {
    for (int k = 0; k < shape_.in * taps; ++k) {
      error.add(dw_[as_size(output(i) * shape_.in * taps + k)],
                expected[as_size(i * shape_.in * taps + k)]);
    }
  }
  return error.value();
}

}  // namespace odin::bench
