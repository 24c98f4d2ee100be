// Checks the CPU's convolution kernels against plain loops in double, then times them, for some
// shapes of both networks: those of the plan executor, bare and alongside oneDNN, the 1x1 also with
// what an evaluation gives it, and those of training, with the batch norm before them. One thread
// is enough: threads share nothing.
#include <algorithm>
#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <omp.h>

#include "kernels/cpu/caches.h"
#include "kernels/cpu/convolution_task.h"
#include "kernels/cpu/memory.h"
#include "kernels/cpu/micro/instruction_set.h"
#include "kernels/cpu/micro/kernel_table.h"
#include "kernels/error.h"
#include "tools/bench/convolution_problem.h"
#include "tools/bench/dnnl_kernel.h"
#include "tools/bench/fused_pointwise.h"
#include "tools/bench/instruction_set_option.h"
#include "tools/bench/padded_planes.h"
#include "tools/bench/relative_error.h"
#include "tools/bench/training_kernels.h"

namespace odin::bench {
namespace {

using cpu::ConvolutionTask;
using cpu::FloatMemory;
using cpu::KernelTable;

constexpr Shape kShapes[] = {
    {"densenet", 1, 3, 24, 32, 3, 1},  {"densenet", 1, 120, 48, 32, 1, 1},
    {"densenet", 1, 48, 12, 32, 3, 1}, {"densenet", 2, 204, 48, 16, 1, 1},
    {"densenet", 2, 48, 12, 16, 3, 1}, {"densenet", 8, 240, 48, 8, 1, 1},
    {"densenet", 8, 48, 12, 8, 3, 1},  {"wrn", 1, 16, 160, 32, 3, 1},
    {"wrn", 1, 160, 160, 32, 3, 1},    {"wrn", 4, 160, 320, 32, 3, 2},
    {"wrn", 4, 160, 320, 32, 1, 2},    {"wrn", 4, 320, 320, 16, 3, 1},
    {"wrn", 16, 320, 640, 16, 3, 2},   {"wrn", 16, 640, 640, 8, 3, 1},
};

// Measures the seconds of one call, the best of a few short runs.
class Stopwatch {
 public:
  explicit Stopwatch(std::function<void()> call) : call_(std::move(call)) { call_(); }
  void measure() {
    using Clock = std::chrono::steady_clock;
    const auto begin = Clock::now();
    int calls = 0;
    double seconds = 0;
    do {
      call_();
      ++calls;
      seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    } while (seconds < 0.02);
    best_ = std::min(best_, seconds / calls);
  }
  double seconds() const { return best_; }

 private:
  std::function<void()> call_;
  double best_ = 1e30;
};

// One of our kernels on a problem, forward or backward.
class OurKernel {
 public:
  OurKernel(const Problem& problem, const KernelTable& kernels, bool backward, bool winograd) {
    const Shape& s = problem.shape;
    const auto pass = backward ? ConvolutionPass::kBackwardData : ConvolutionPass::kForward;
    const cpu::WeightMatrix matrix =
        cpu::weight_matrix(pass, s.sizes(), winograd, problem.w.data());
    weights_ = FloatMemory(as_size(cpu::packed_floats(matrix, winograd)));
    cpu::pack_matrix(kernels, matrix, winograd, s.stride, weights_.data());

    task_ = cpu::convolution_task(pass, s.sizes(), winograd,
                                  cpu::blocks_for(cpu::second_level_cache()));
    task_.weights = weights_.data();
    const int in_pixels = task_.in_height * task_.in_width;
    in_ = allocate_planes(s.images, task_.in_channels, in_pixels, task_.in);
    out_ = allocate_planes(s.images, task_.out_channels, task_.out_height * task_.out_width,
                           task_.out);
    copy_planes(backward ? problem.dy : problem.x, s.images, task_.in_channels, in_pixels,
                task_.in);
    name_ = winograd ? "winograd" : is_pointwise(s.sizes()) ? "pointwise" : "direct";
    const cpu::ConvolutionKernel& kernel =
        cpu::convolution_kernel(kernels, pass, s.sizes(), winograd);
    run_ = kernel.run;
    workspace_ = FloatMemory(as_size(kernel.workspace(task_)));
    task_.workspace = workspace_.data();
  }

  const char* name() const { return name_; }
  void run() const { run_(task_); }
  // The error of the first image, in the Euclidean norm.
  double relative_error(const std::vector<double>& expected) const {
    run();
    RelativeError error;
    const int pixels = task_.out_height * task_.out_width;
    for (int c = 0; c < task_.out_channels; ++c) {
      for (int p = 0; p < pixels; ++p) {
        error.add(task_.out.data[c * task_.out.plane + p], expected[as_size(c * pixels + p)]);
      }
    }
    return error.value();
  }

 private:
  FloatMemory weights_, in_, out_, workspace_;
  ConvolutionTask task_;
  const char* name_ = nullptr;
  void (*run_)(const ConvolutionTask&) = nullptr;
};

struct Options {
  std::string network = "all";
  std::string passes = "all";
  std::optional<cpu::InstructionSet> instruction_set;
  int repeats = 7;
};

// The most that a kernel's error may be.
double bound_of(bool winograd) {
  // For sums in single precision; Winograd's transforms lose about another digit.
  return winograd ? 2e-5 : 2e-6;
}

// Prints the rows of a shape in an evaluation; returns false if a kernel is wrong.
bool check_and_time(const Shape& shape, const KernelTable& kernels, int repeats) {
  bool right = true;
  const Problem problem(shape);
  for (const bool backward : {false, true}) {
    std::vector<OurKernel> ours;
    ours.emplace_back(problem, kernels, backward, false);
    if (shape.kernel == 3) {
      ours.emplace_back(problem, kernels, backward, true);
    }
    DnnlKernel theirs(shape, backward);
    std::vector<Stopwatch> watches;
    watches.emplace_back([&] { theirs.run(); });
    for (const OurKernel& kernel : ours) watches.emplace_back([&kernel] { kernel.run(); });
    for (int r = 0; r < repeats; ++r) {
      for (Stopwatch& watch : watches) watch.measure();
    }
    const double flops = 2e-9 * shape.multiply_adds();
    for (std::size_t k = 0; k < ours.size(); ++k) {
      const double error = ours[k].relative_error(backward ? problem.dx : problem.y);
      const bool fine = error < bound_of(ours[k].name() == std::string("winograd"));
      right = right && fine;
      const double rate = flops / watches[k + 1].seconds();
      const double their_rate = flops / watches[0].seconds();
      fmt::print("{:9} {} {:8} {:18} {:7.1f} {:9.1e}{} {:7.1f} {:5.2f}  {}\n", shape.network,
                 shape.name(), backward ? "backward" : "forward", ours[k].name(), rate, error,
                 fine ? " " : "!", their_rate, rate / their_rate, theirs.name());
    }
  }
  return right;
}

// Prints a row without oneDNN; returns false if the kernel is wrong.
bool report(const Shape& shape, const char* pass, const std::string& name, double multiply_adds,
            double error, double bound, int repeats, std::function<void()> call) {
  const bool fine = error < bound;
  Stopwatch watch(std::move(call));
  for (int r = 0; r < repeats; ++r) watch.measure();
  fmt::print("{:9} {} {:8} {:18} {:7.1f} {:9.1e}{}\n", shape.network, shape.name(), pass, name,
             2e-9 * multiply_adds / watch.seconds(), error, fine ? "" : "!");
  return fine;
}

// The same for a 1x1 convolution with prologue, masks and epilogue.
bool check_and_time_fused(const Shape& shape, const KernelTable& kernels, int repeats) {
  const Problem problem(shape);
  const FusedPointwise fused(problem, kernels);
  const double count = shape.multiply_adds();
  const bool forward = report(shape, "forward", "pointwise fused", count, fused.forward_error(),
                              bound_of(false), repeats, [&] { fused.forward(); });
  return report(shape, "backward", "pointwise fused", count, fused.backward_error(),
                bound_of(false), repeats, [&] { fused.backward(); }) &&
         forward;
}

// The same for training.
bool check_and_time_training(const Shape& shape, const KernelTable& kernels, int repeats) {
  TrainingKernels training(shape, kernels);
  bool right = true;
  for (const TrainingKernels::Kernel& kernel : training.kernels()) {
    right = report(training.shape(), "training", kernel.name, kernel.multiply_adds,
                   kernel.error(training), bound_of(kernel.winograd), repeats,
                   [&] { kernel.run(training); }) &&
            right;
  }
  return right;
}

int run(int argc, char** argv) {
  CLI::App app(
      "Checks and times the CPU's convolution kernels on one thread, those of evaluations "
      "alongside oneDNN's.");
  Options options;
  app.add_option("--network", options.network, "the network whose shapes to run")
      ->check(CLI::IsMember({"all", "densenet", "wrn"}))
      ->capture_default_str();
  app.add_option("--passes", options.passes, "whose kernels to run")
      ->check(CLI::IsMember({"all", "evaluation", "training"}))
      ->capture_default_str();
  add_instruction_set_option(app, options.instruction_set);
  app.add_option("--repeats", options.repeats, "number of runs; the best counts")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  omp_set_num_threads(1);  // oneDNN obeys it
  const KernelTable& kernels =
      cpu::kernel_table(options.instruction_set.value_or(cpu::best_instruction_set()));
  fmt::print("ours: {}; rates in GFLOP/s of the plain convolution, whatever the algorithm\n\n",
             kernels.name);
  fmt::print("{:9} {:28} {:8} {:18} {:>7} {:>9}  {:>7} {:>5}  {}\n", "network",
             "kernel channels    map images", "pass", "ours", "rate", "error", "oneDNN", "ratio",
             "oneDNN's choice");
  bool right = true;
  for (const Shape& shape : kShapes) {
    if (options.network != "all" && options.network != shape.network) continue;
    if (options.passes != "training") {
      right = check_and_time(shape, kernels, options.repeats) && right;
      if (shape.kernel == 1 && shape.stride == 1) {
        right = check_and_time_fused(shape, kernels, options.repeats) && right;
      }
    }
    if (options.passes != "evaluation") {
      right = check_and_time_training(shape, kernels, options.repeats) && right;
    }
  }
  require(right, "a kernel marked with ! disagrees with plain loops; its times mean nothing");
  return 0;
}

}  // namespace
}  // namespace odin::bench

int main(int argc, char** argv) {
  try {
    return odin::bench::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "kernel_bench: {}\n", error.what());
    return 1;
  }
}
