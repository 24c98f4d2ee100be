// The fused steps of training: the reference agrees with the operations that it fuses, and every
// back end that offers them agrees with the reference.
#include "kernels/fused_training.h"

#include <map>
#include <span>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "kernels/cpu/backend.h"
#include "kernels/cpu/micro/instruction_set.h"
#include "kernels/cpu/micro/kernel_table.h"
#include "kernels/philox.h"
#include "tests/kernels/backends.h"
#include "tests/support/support.h"

namespace odin::test {
namespace {

constexpr double kEpsilon = 1e-5;
constexpr std::int64_t kAround = 3;  // channels of the wider buffer on either side of a slice

struct Case {
  Shape x;
  std::int64_t outputs;
  std::int64_t kernel;
  ConvolutionGeometry geometry;

  Shape y() const {
    return {x[0], outputs, windowed_extent(x[2], kernel, geometry.stride, geometry.padding),
            windowed_extent(x[3], kernel, geometry.stride, geometry.padding)};
  }
  std::string name() const {
    return fmt::format("{} to {} channels, kernel {}, stride {}, padding {}", x.to_string(),
                       outputs, kernel, geometry.stride, geometry.padding);
  }
};

// Small and odd shapes, then those that reach the special ways of the CPU.
const std::vector<Case> kCases = {
    {{1, 1, 2, 2}, 1, 1, {1, 0}},      {{3, 3, 7, 5}, 4, 1, {1, 0}},
    {{3, 3, 7, 5}, 4, 3, {1, 1}},      {{2, 5, 7, 5}, 3, 3, {2, 1}},
    {{2, 5, 7, 6}, 3, 1, {2, 0}},      {{2, 3, 6, 6}, 2, 3, {1, 0}},
    {{2, 3, 3, 9}, 7, 5, {1, 2}},      {{2, 54, 16, 16}, 48, 1, {1, 0}},  // DenseNet's bottleneck
    {{3, 48, 16, 16}, 12, 3, {1, 1}},                                     // its growth
    {{2, 27, 19, 20}, 70, 1, {1, 0}},   // more pixels than a chunk, not whole vectors
    {{1, 19, 33, 9}, 50, 1, {1, 0}},    //
    {{70, 20, 4, 4}, 12, 1, {1, 0}},    // uneven parts of the batch
    {{70, 20, 4, 4}, 12, 3, {1, 1}},    //
    {{2, 30, 28, 28}, 17, 3, {1, 1}},   // planes that are not whole pairs of vectors
    {{2, 30, 14, 14}, 17, 1, {1, 0}},   // nor whole vectors
    {{5, 110, 8, 8}, 130, 3, {1, 1}},   // sums too large to be kept for every part
    {{5, 130, 9, 9}, 350, 3, {2, 1}},   //
    {{2, 16, 32, 32}, 64, 3, {1, 1}},   // Wide ResNet
    {{2, 64, 32, 32}, 128, 1, {2, 0}},  // its shortcut
    {{2, 12, 32, 32}, 6, 3, {2, 1}},    // stride 2, planes of whole vectors
    {{4, 9, 20, 16}, 5, 3, {1, 1}},     // vectors of Winograd's tiles that two images share
    {{4, 9, 12, 8}, 5, 3, {1, 1}},      // and halves of such vectors
};

// At least `count` normal numbers, made once: they take longer than what is tested.
const std::vector<double>& normal_numbers(std::uint64_t stream, std::int64_t count) {
  static std::map<std::uint64_t, std::vector<double>> made;
  std::vector<double>& numbers = made[stream];
  for (std::size_t i = numbers.size(); i < static_cast<std::size_t>(count); ++i) {
    numbers.push_back(philox_normal(7, stream, i));
  }
  return numbers;
}

// Tensors of a back end with the same pseudo-random values on each.
class Tensors {
 public:
  Tensors(Backend& backend, bool sliced) : backend_(backend), sliced_(sliced) {}

  TensorView operator[](const std::string& name) const { return all_.at(name).view; }

  // Normal numbers, or `shift` plus a tenth of them.
  void add(const std::string& name, const Shape& shape, double shift = 0) {
    Shape whole = shape;
    const bool slice = sliced_ && shape.rank() == 4 && name.find('w') == std::string::npos;
    if (slice) whole.set(1, shape[1] + 2 * kAround);
    Entry entry;
    entry.memory = backend_.allocate(static_cast<std::size_t>(whole.numel()) * sizeof(double));
    const Strides strides =
        whole.rank() == 4 ? backend_.activation_strides(whole) : row_major_strides(whole);
    entry.whole = TensorView(entry.memory.get(), backend_.data_type(), whole, strides);
    entry.view = slice ? entry.whole.channels(kAround, shape[1]) : entry.whole;
    backend_.fill(entry.whole, kOutside);
    const std::vector<double>& numbers = normal_numbers(all_.size(), shape.numel());
    std::vector<double> values(static_cast<std::size_t>(shape.numel()));
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = shift == 0 ? numbers[i] : shift + 0.1 * numbers[i];
      values[i] = static_cast<float>(values[i]);
    }
    backend_.upload(values.data(), entry.view);
    all_.emplace(name, std::move(entry));
  }

  std::map<std::string, std::vector<double>> values() const {
    std::map<std::string, std::vector<double>> values;
    for (const auto& [name, entry] : all_) values[name] = download(entry.view);
    return values;
  }
  bool surroundings_untouched() const {
    for (const auto& [name, entry] : all_) {
      if (entry.whole.shape() == entry.view.shape()) continue;
      const std::int64_t channels = entry.view.shape()[1];
      for (const std::int64_t begin : {std::int64_t{0}, kAround + channels}) {
        for (const double value : download(entry.whole.channels(begin, kAround))) {
          if (value != kOutside) return false;
        }
      }
    }
    return true;
  }

 private:
  static constexpr double kOutside = 1.75;
  struct Entry {
    std::shared_ptr<void> memory;
    TensorView whole;
    TensorView view;
  };
  std::vector<double> download(const ConstTensorView& view) const {
    std::vector<double> values(static_cast<std::size_t>(view.numel()));
    backend_.download(view, values.data());
    return values;
  }

  Backend& backend_;
  bool sliced_;
  std::map<std::string, Entry> all_;
};

struct Options {
  bool sliced = false;
  bool add = true;           // to dx
  bool corrected = true;     // dy has a correction
  bool parameters = true;    // gradients of parameters are wanted
  bool y_statistics = true;  // the forward pass measures y
};

Tensors operands_of(Backend& backend, const Case& c, bool sliced) {
  Tensors t(backend, sliced);
  const Shape in{c.x[1]};
  const Shape out{c.outputs};
  t.add("x", c.x);
  t.add("w", {c.outputs, c.x[1], c.kernel, c.kernel});
  for (const char* name : {"y", "dy"}) t.add(name, c.y());
  t.add("dx", c.x);
  t.add("dw", {c.outputs, c.x[1], c.kernel, c.kernel});
  t.add("gamma", in, 1);
  t.add("beta", in, 0.2);
  for (const char* name : {"mean", "variance", "inv_std", "offset", "slope", "dgamma", "dbeta"}) {
    t.add(name, in, 0.3);
  }
  t.add("running_mean", in, 0.1);
  t.add("running_var", in, 1);
  for (const char* name : {"y_mean", "y_variance", "y_inv_std", "y_offset", "y_slope"}) {
    t.add(name, out, 0.5);
  }
  return t;
}

std::map<std::string, std::vector<double>> results_of(Backend& backend, const Case& c,
                                                      const Options& options) {
  FusedTraining& fused = *backend.fused_training();
  const Tensors t = operands_of(backend, c, options.sliced);
  fused.channel_statistics(t["x"], kEpsilon, {t["mean"], t["variance"], t["inv_std"]});
  fused.move_running_statistics(t["mean"], t["variance"], c.x[0] * c.x[2] * c.x[3], 0.1,
                                t["running_mean"], t["running_var"]);
  const NormalisedInput in{t["x"], t["gamma"], t["beta"], t["mean"], t["inv_std"]};
  const bool measured = options.y_statistics && c.y()[0] * c.y()[2] * c.y()[3] >= 2;
  fused.convolution_forward(c.geometry, in, t["w"], t["y"], kEpsilon,
                            measured
                                ? ChannelStatistics{t["y_mean"], t["y_variance"], t["y_inv_std"]}
                                : ChannelStatistics{});
  ResultGradient out{t["dy"], {}, {}, {}, {}};
  if (options.corrected) out = {t["dy"], t["y"], t["y_mean"], t["y_offset"], t["y_slope"]};
  const auto parameter = [&](const char* name) {
    return options.parameters ? t[name] : TensorView();
  };
  fused.convolution_backward(
      c.geometry, in, t["w"], out, parameter("dw"),
      {t["dx"], options.add, {t["offset"], t["slope"]}, parameter("dgamma"), parameter("dbeta")});
  fused.finish_gradient(t["x"], t["mean"], t["offset"], t["slope"], t["dx"]);
  CHECK(t.surroundings_untouched());
  auto values = t.values();
  values.erase("dy");  // used up
  return values;
}

void check_close(const std::map<std::string, std::vector<double>>& results,
                 const std::map<std::string, std::vector<double>>& expected, double tolerance) {
  for (const auto& [name, values] : expected) {
    INFO(name);
    CHECK(relative_error<double, double>(results.at(name), values) <= tolerance);
  }
}

const std::vector<Options> kWays = {
    {},
    {.sliced = true, .add = false, .parameters = false, .y_statistics = false},
    {.sliced = true},
    {.add = false, .corrected = false},
};
// Those that a case takes. Under the sanitizers, where the reference takes long, the first two,
// which differ in all but the correction.
std::span<const Options> ways_of(const Case& c) {
  const bool large = c.x.numel() * c.outputs * c.kernel * c.kernel > 10'000'000;
  return std::span(kWays).first(kSanitized && large ? 2 : kWays.size());
}

}  // namespace

// The sums of a few hundred thousand products in another order, and Winograd's transforms.
constexpr double kFloatTolerance = 1e-5;

TEST_CASE("fused training on the CPU computes what the reference defines, by every kernel") {
  const auto reference = make_reference_backend();
  for (const Case& c : kCases) {
    INFO(c.name());
    for (const Options& way : ways_of(c)) {
      const auto expected = results_of(*reference, c, way);
      for (const cpu::InstructionSet set :
           {cpu::InstructionSet::kPortable, cpu::InstructionSet::kAvx2,
            cpu::InstructionSet::kAvx512}) {
        if (!cpu::is_supported(set)) continue;
        INFO(cpu::kernel_table(set).name);
        for (const auto algorithm :
             {ConvolutionAlgorithm::kWinograd, ConvolutionAlgorithm::kDirect}) {
          INFO(name_of(algorithm));
          cpu::CpuBackend backend({.threads = 2, .convolution = algorithm, .instruction_set = set});
          check_close(results_of(backend, c, way), expected, kFloatTolerance);
        }
      }
    }
  }
}

// A sum of squared distances from such a pixel would be a thousand times the deviations.
TEST_CASE("an outlier at the first pixel costs the statistics of a 1x1 convolution nothing") {
  const auto reference = make_reference_backend();
  const auto cpu = make_cpu_backend();
  const Case c{{2, 5, 32, 32}, 7, 1, {}};
  const auto statistics_of = [&](Backend& backend) {
    const Tensors t = operands_of(backend, c, false);
    backend.fill(t["beta"], 1);
    std::vector<double> x(static_cast<std::size_t>(c.x.numel()));
    backend.download(t["x"], x.data());
    for (std::size_t plane = 0; plane < x.size(); plane += 32 * 32) x[plane] = 1000;
    backend.upload(x.data(), t["x"]);
    backend.fill(t["mean"], 0);
    backend.fill(t["inv_std"], 1);
    backend.fused_training()->convolution_forward(
        c.geometry, {t["x"], t["gamma"], t["beta"], t["mean"], t["inv_std"]}, t["w"], t["y"],
        kEpsilon, {t["y_mean"], t["y_variance"], t["y_inv_std"]});
    return t.values();
  };
  const auto expected = statistics_of(*reference);
  const auto found = statistics_of(*cpu);
  for (const char* name : {"y_mean", "y_variance", "y_inv_std"}) {
    INFO(name);
    CHECK(relative_error<double, double>(found.at(name), expected.at(name)) < 2e-6);
  }
}

TEST_CASE("fused training on the CPU does not depend, bit for bit, on the number of threads") {
  const auto one = make_cpu_backend(1);
  for (const int threads : {2, 3}) {
    const auto more = make_cpu_backend(threads);
    for (const Case& c : kCases) {
      INFO(c.name());
      CHECK(results_of(*one, c, {}) == results_of(*more, c, {}));
    }
  }
}

TEST_CASE("fused training on the CPU does not depend, bit for bit, on the size of the cache") {
  cpu::CpuBackend small({.threads = 1, .second_level_cache = 1L << 20});
  cpu::CpuBackend large({.threads = 1, .second_level_cache = 2L << 20});
  // With 2 MiB all 20 images are a group, with 1 MiB 16 are.
  for (const Case& c : {Case{{20, 176, 8, 8}, 176, 3, {.padding = 1}}, kCases.front()}) {
    INFO(c.name());
    CHECK(results_of(small, c, {}) == results_of(large, c, {}));
  }
}

TEST_CASE("fused training is defined as batch norm, ReLU and convolution one after the other") {
  const auto backend = make_reference_backend();
  FusedTraining& fused = *backend->fused_training();
  for (const Case& c : kCases) {
    if (c.x.numel() * c.outputs > 200000) continue;
    INFO(c.name());
    const auto results = results_of(*backend, c, {.corrected = false});
    Tensors t = operands_of(*backend, c, false);
    const std::vector<double> zero(static_cast<std::size_t>(c.x[1]));
    Tensors activations(*backend, false);
    for (const char* name : {"h", "dh"}) activations.add(name, c.x);
    const TensorView h = activations["h"];
    backend->batch_norm_forward_training(t["x"], t["gamma"], t["beta"], kEpsilon, 0.1, true,
                                         t["running_mean"], t["running_var"], h, t["mean"],
                                         t["inv_std"]);
    backend->convolution_forward(c.geometry, h, t["w"], t["y"]);
    backend->fill(activations["dh"], 0);
    backend->convolution_backward_data(c.geometry, t["dy"], t["w"], activations["dh"]);
    backend->convolution_backward_filter(c.geometry, h, t["dy"], t["dw"]);
    // The correction that was there before.
    fused.finish_gradient(t["x"], t["mean"], t["offset"], t["slope"], t["dx"]);
    backend->batch_norm_backward_training(t["x"], activations["dh"], t["gamma"], t["beta"],
                                          t["mean"], t["inv_std"], true, t["dx"], t["dgamma"],
                                          t["dbeta"]);
    auto expected = t.values();
    for (const char* name :
         {"y", "dx", "dw", "dgamma", "dbeta", "mean", "inv_std", "running_mean", "running_var"}) {
      INFO(name);
      CHECK(relative_error<double, double>(results.at(name), expected.at(name)) < 1e-9);
    }
  }
}

TEST_CASE("fused training names an operand that does not fit, and does nothing without images") {
  for (const BackendUnderTest& device : backends()) {
    INFO(device.name);
    const auto backend = device.make();
    FusedTraining& fused = *backend->fused_training();
    const Case c{{2, 3, 4, 4}, 2, 3, {1, 1}};
    const Tensors t = operands_of(*backend, c, false);
    const NormalisedInput in{t["x"], t["gamma"], t["beta"], t["mean"], t["inv_std"]};
    CHECK_THROWS_WITH_AS(fused.convolution_forward({2, 1}, in, t["w"], t["y"], kEpsilon, {}),
                         doctest::Contains("y has shape (2, 2, 4, 4)"), Error);
    CHECK_THROWS_WITH_AS(
        fused.channel_statistics(t["x"], kEpsilon, {t["y_mean"], t["variance"], t["inv_std"]}),
        doctest::Contains("mean has shape (2)"), Error);
    CHECK_THROWS_WITH_AS(
        fused.channel_statistics(t["x"], 0, {t["mean"], t["variance"], t["inv_std"]}),
        doctest::Contains("epsilon is 0"), Error);
    CHECK_THROWS_AS(fused.move_running_statistics(t["mean"], t["variance"], 1, 0.1,
                                                  t["running_mean"], t["running_var"]),
                    Error);
    CHECK_THROWS_AS(fused.finish_gradient(t["x"], t["mean"], t["y_offset"], t["slope"], t["dx"]),
                    Error);
    NormalisedInput none = in;
    none.x = t["x"].images(0, 0);
    fused.convolution_backward(c.geometry, none, t["w"], {t["dy"].images(0, 0), {}, {}, {}, {}},
                               t["dw"],
                               {t["dx"].images(0, 0), true, {t["offset"], t["slope"]}, {}, {}});
    CHECK(t.values() == operands_of(*backend, c, false).values());
  }
}

}  // namespace odin::test
