// odin_bench: how many images a second ODIN scores, with random weights and no files.
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "eval/program.h"
#include "eval/version.h"
#include "kernels/device.h"
#include "kernels/philox.h"
#include "nn/compile.h"
#include "nn/networks.h"

namespace odin {
namespace {

constexpr std::int64_t kElements = std::int64_t{kImageChannels} * kImageSize * kImageSize;

const std::map<std::string, Architecture> kNetworks = {
    {"densenet_bc_100", DenseNetConfig{}},
    {"wrn_28_10", WideResNetConfig{}},
};

struct Options {
  std::string network = "densenet_bc_100";
  std::string device = "auto";
  std::int64_t batch = 0;
  int threads = 0;
  std::string precision = "fp32";
  std::string convolution = "auto";
  int device_batch = 0;
  double seconds = 5;
  double temperature = 1000;
};

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Multiply-adds of the network as the paper defines it: of its graph, not of the plan, which needs
// fewer.
std::int64_t network_multiply_adds(const Graph& graph) {
  std::int64_t total = 0;
  for (const Graph::Node& node : graph.nodes()) {
    const ImageShape out = graph.shape_of(node.output);
    for (const ParameterSpec& spec : node.layer->parameters()) {
      if (spec.shape.rank() > 1) total += spec.shape.numel() * out.height * out.width;
    }
  }
  return total;
}

int bench(const Options& o) {
  const Architecture& architecture = kNetworks.at(o.network);
  const Graph graph = build_graph(architecture);
  const DeviceOptions options{.threads = o.threads,
                              .precision = precision_of(o.precision),
                              .convolution = convolution_choice_of(o.convolution),
                              .batch = o.device_batch};
  const auto backend = make_backend(o.device, options);

  const ParameterMap parameters = initial_parameters(architecture, 1);
  const double before = now();
  const auto executor = backend->prepare(compile(graph, parameters));
  const double prepare_seconds = now() - before;

  const std::int64_t batch = o.batch > 0 ? o.batch : executor->preferred_batch();
  std::vector<float> images(static_cast<std::size_t>(batch * kElements));
  for (std::size_t i = 0; i < images.size(); ++i) {
    images[i] = static_cast<float>(philox_normal(1, 0, i));
  }
  const auto classes = static_cast<std::size_t>(num_classes(architecture));
  std::vector<float> logits(static_cast<std::size_t>(batch) * classes);
  std::vector<float> perturbed(logits.size());
  const OdinSetting setting{o.temperature, {{0.0056f, 0.0058f, 0.0054f}}};
  const auto run = [&] {
    executor->run(images.data(), batch, {&setting, 1},
                  {.logits = logits.data(), .perturbed = perturbed.data()});
  };

  run();  // memory is taken in the first call
  std::int64_t count = 0;
  const double started = now();
  double seconds = 0;
  do {
    run();
    count += batch;
    seconds = now() - started;
  } while (seconds < o.seconds);

  const double rate = static_cast<double>(count) / seconds;
  // Forward, backward to the input and forward again cost one forward pass each, but for the first
  // layer's backward pass, which is small.
  const double gflops = rate * 3 * 2 * static_cast<double>(network_multiply_adds(graph)) / 1e9;
  const double peak = measured_peak_gflops(backend->name(), options);
  const nlohmann::ordered_json line = {
      {"network", o.network},
      {"device", backend->name()},
      {"executor", executor->description()},
      {"precision", o.precision},
      {"convolution", o.convolution},
      {"batch", batch},
      {"temperature", o.temperature},
      {"images", count},
      {"seconds", seconds},
      {"prepare_seconds", prepare_seconds},
      {"images_per_second", rate},
      {"gflops", gflops},
      {"peak_gflops", peak},
      {"fraction_of_peak", gflops / peak},
      {"version", version()},
  };
  fmt::print("{}\n", line.dump());
  return 0;
}

}  // namespace
}  // namespace odin

int main(int argc, char** argv) {
  using odin::kNetworks;
  CLI::App app(
      "Measures ODIN's throughput: forward pass, gradient in the input, second forward pass.",
      "odin_bench");
  app.footer(
      "Prints one line of JSON. gflops counts the network's arithmetic as the papers define "
      "it, so that an algorithm\nthat needs fewer multiplications may exceed the peak.");
  odin::Options o;
  app.add_option("--network", o.network, "densenet_bc_100 or wrn_28_10")
      ->check(CLI::IsMember(kNetworks))
      ->capture_default_str();
  app.add_option("--batch", o.batch, "Images at once; default: what suits the device")
      ->check(CLI::Range(1, 1 << 20));
  app.add_option("--device", o.device, "auto, cpu, cuda or cuda:N")->capture_default_str();
  app.add_option("--threads", o.threads, "Of the CPU; default: all cores")
      ->check(CLI::Range(1, 4096));
  app.add_option("--precision", o.precision, "Of a GPU: fp32, tf32, fp16 or bf16")
      ->capture_default_str();
  app.add_option("--conv", o.convolution,
                 "auto, cudnn, own or wgmma on a GPU, auto, direct or winograd on the CPU")
      ->capture_default_str();
  app.add_option("--device-batch", o.device_batch,
                 "Images that a GPU runs at once; default: what suits the network")
      ->check(CLI::Range(1, 1 << 20));
  app.add_option("--seconds", o.seconds, "How long to measure")
      ->check(CLI::Range(0.0, 86400.0))
      ->capture_default_str();
  app.add_option("--temperature", o.temperature, "Of ODIN")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  return odin::run_program_main(app, argc, argv, [&] { return odin::bench(o); });
}
