// train_bench: measures how many images per second a network is trained with, without any file.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <CLI/App.hpp>
#include <nlohmann/json.hpp>
#include <sys/resource.h>

#include "eval/cli/device_options.h"
#include "eval/cli/program.h"
#include "eval/report/version.h"
#include "kernels/device.h"
#include "kernels/error.h"
#include "kernels/philox.h"
#include "nn/networks.h"
#include "tools/bench/instruction_set_option.h"
#include "tools/train/network_names.h"
#include "tools/train/sgd.h"

namespace odin::training {
namespace {

struct Options {
  std::vector<std::string> networks = {"densenet_bc_100"};
  DeviceChoice device;
  std::int64_t batch = 64;
  std::optional<cpu::InstructionSet> instruction_set;
  double seconds = 5;
};

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Seconds that all threads of this process have computed so far. On a busy machine they say more
// than the clock.
double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// The most memory that this program has held so far. (getrusage() would count what the process held
// before it became this program: that of whoever started it.)
double peak_megabytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kibibytes = 0;
    if (word == "VmHWM:" && status >> kibibytes) return kibibytes * 1024 / 1e6;
  }
  fail("/proc/self/status does not say how much memory was held");
}

// A step on a fixed batch: forward, backward, update. The loss is brought to the host, as PyTorch's
// loss.item() is, so that nothing of the step is still to do when it ends.
class Step {
 public:
  Step(const Architecture& architecture, std::int64_t batch, Backend& backend)
      : backend_(backend),
        network_(build_graph(architecture), backend),
        sgd_(network_),
        images_(backend, {batch, architecture.image.channels, architecture.image.side,
                          architecture.image.side}),
        labels_(backend, {batch}, DataType::kInt32),
        losses_(backend, {batch}),
        dlogits_(backend, {batch, num_classes(architecture)}) {
    network_.set_parameters(initial_parameters(architecture, 1));
    std::vector<double> values(static_cast<std::size_t>(images_.shape().numel()));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = philox_normal(1, 0, i);
    images_.upload(backend, values);
    std::vector<double> labels(static_cast<std::size_t>(batch));
    for (std::size_t i = 0; i < labels.size(); ++i) {
      labels[i] = static_cast<double>(i % static_cast<std::size_t>(num_classes(architecture)));
    }
    labels_.upload(backend, labels);
  }

  // Returns the mean loss.
  double run() {
    const ConstTensorView logits = network_.forward(images_.view(), Mode::kTraining);
    backend_.cross_entropy_forward(logits, labels_.view(), 1, losses_.view());
    const auto images = static_cast<double>(labels_.shape()[0]);
    backend_.fill(dlogits_.view(), 0);
    backend_.cross_entropy_backward(logits, labels_.view(), 1, 1 / images, dlogits_.view());
    network_.backward(dlogits_.view(), {.input = false, .parameters = true});
    sgd_.step(network_, {.learning_rate = 1e-3, .weight_decay = 1e-4, .nesterov = true});
    double sum = 0;
    for (const double loss : losses_.download(backend_)) sum += loss;
    return sum / images;
  }

 private:
  Backend& backend_;
  Network network_;
  Sgd sgd_;
  Tensor images_;
  Tensor labels_;
  Tensor losses_;
  Tensor dlogits_;
};

nlohmann::ordered_json bench(const Options& o, const std::string& network) {
  DeviceOptions options = o.device.options();
  options.instruction_set = o.instruction_set;
  const auto backend = make_backend(o.device.device, options);
  Step step(architecture_of(network, 10), o.batch, *backend);
  step.run();  // memory is taken in the first step
  std::vector<double> times;
  double loss = 0;
  const double computed = processor_seconds();
  const double started = now();
  double ended = started;
  do {
    loss = step.run();
    const double before = ended;
    ended = now();
    times.push_back(ended - before);
  } while (ended - started < o.seconds);
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2),
                   times.end());
  return {
      {"network", network},
      {"device", backend->name()},
      {"precision", o.device.precision},
      {"convolution", o.device.convolution},
      {"batch", o.batch},
      {"steps", times.size()},
      {"median_step_seconds", times[times.size() / 2]},
      {"images_per_second", static_cast<double>(o.batch) / times[times.size() / 2]},
      {"processor_seconds_per_step",
       (processor_seconds() - computed) / static_cast<double>(times.size())},
      {"peak_megabytes", peak_megabytes()},
      {"loss", loss},
      {"version", version()},
  };
}

}  // namespace
}  // namespace odin::training

int main(int argc, char** argv) {
  odin::training::Options o;
  CLI::App app("Measures the throughput of training: forward pass, backward pass, update.",
               "train_bench");
  app.footer(
      "Prints a line of JSON for each network. The rate is that of the median step. The peak "
      "of memory is the whole\nprocess's so far: ask for one network at a time to read it.");
  app.add_option("--network", o.networks, "densenet_bc_100, wrn_16_4, ... as for train")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--batch", o.batch, "Images per step")
      ->check(CLI::Range(1, 1 << 16))
      ->capture_default_str();
  odin::add_device_options(app, o.device, "Machine");
  odin::add_instruction_set_option(app, o.instruction_set);
  app.add_option("--seconds", o.seconds, "Duration of the measurement")
      ->check(CLI::Range(0.0, 86400.0))
      ->capture_default_str();
  return odin::run_program_main(app, argc, argv, [&] {
    for (const std::string& network : o.networks) {
      fmt::print("{}\n", odin::training::bench(o, network).dump());
      std::fflush(stdout);
    }
    return 0;
  });
}
