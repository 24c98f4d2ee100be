// odin_bench: measures how many images per second ODIN scores, with random weights and no files.
#include <chrono>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/App.hpp>
#include <nlohmann/json.hpp>

#include "eval/cli/program.h"
#include "eval/report/version.h"
#include "kernels/device.h"
#include "kernels/philox.h"
#include "nn/compile.h"
#include "nn/networks.h"
#include "tools/bench/instruction_set_option.h"

namespace odin {
namespace {

const std::map<std::string, Architecture> kNetworks = {
    {"densenet_bc_100", DenseNetConfig{}},
    {"wrn_28_10", WideResNetConfig{}},
};

struct Options {
  std::vector<std::string> networks = {"densenet_bc_100"};
  std::string device = "auto";
  std::int64_t batch = 0;
  int threads = 0;
  std::vector<std::string> precisions = {"fp32"};
  std::vector<std::string> convolutions = {"auto"};
  std::vector<int> device_batches = {0};        // 0: chosen for the network
  std::vector<long> second_level_caches = {0};  // KiB; 0: the machine's
  std::optional<cpu::InstructionSet> instruction_set;
  double seconds = 5;
  double temperature = 1000;
  bool features = false;
  ImageShape image;
};

struct Peaks {
  double gflops = 0;
  std::optional<double> memory_gbytes;  // of a GPU
};

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Multiply-adds of the network as the paper defines it: those of its graph, not those of the plan,
// which needs fewer.
std::int64_t network_multiply_adds(const Graph& graph) {
  std::int64_t total = 0;
  for (const Graph::Node& node : graph.nodes()) {
    const MapShape out = graph.shape_of(node.output);
    for (const ParameterSpec& spec : node.layer->parameters()) {
      if (spec.shape.rank() > 1) total += spec.shape.numel() * out.height * out.width;
    }
  }
  return total;
}

// At least `least` standard normal numbers, the same in every call.
const std::vector<float>& random_images(std::size_t least) {
  static std::vector<float> images;
  while (images.size() < least) {
    images.push_back(static_cast<float>(philox_normal(1, 0, images.size())));
  }
  return images;
}

// The device's peak rates, measured once for each precision.
const Peaks& peaks_of(const Backend& backend, const DeviceOptions& options) {
  static std::map<Precision, Peaks> known;
  auto found = known.find(options.precision);
  if (found == known.end()) {
    Peaks peaks{.gflops = measured_peak_gflops(backend.name(), options), .memory_gbytes = {}};
    if (backend.name() != "cpu") peaks.memory_gbytes = measured_memory_gbytes(backend.name());
    found = known.emplace(options.precision, peaks).first;
  }
  return found->second;
}

// Bytes of an activation on a GPU.
double bytes_of(Precision precision) {
  return precision == Precision::kFloat16 || precision == Precision::kBFloat16 ? 2 : 4;
}

nlohmann::ordered_json bench(const Options& o, const std::string& network, const Graph& graph,
                             const Plan& plan, const DeviceOptions& options) {
  const auto backend = make_backend(o.device, options);
  const double before = now();
  const auto executor = backend->prepare(plan);
  const double prepare_seconds = now() - before;

  const std::int64_t batch = o.batch > 0 ? o.batch : executor->preferred_batch();
  const std::vector<float>& images =
      random_images(static_cast<std::size_t>(batch * o.image.elements()));
  const auto classes = static_cast<std::size_t>(plan.classes);
  std::vector<float> logits(static_cast<std::size_t>(batch) * classes);
  std::vector<float> perturbed(logits.size());
  std::vector<float> features(o.features ? static_cast<std::size_t>(batch * plan.features()) : 0);
  std::vector<float> steps{0.0056f, 0.0058f, 0.0054f};
  steps.resize(static_cast<std::size_t>(o.image.channels));
  const OdinSetting setting{o.temperature, {steps}};
  const auto run = [&] {
    executor->run(images.data(), batch, {&setting, 1},
                  {.logits = logits.data(),
                   .perturbed = perturbed.data(),
                   .features = o.features ? features.data() : nullptr});
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
  const Peaks& peaks = peaks_of(*backend, options);
  nlohmann::ordered_json line = {
      {"network", network},
      {"device", backend->name()},
      {"executor", executor->description()},
      {"precision", name_of(options.precision)},
      {"convolution", name_of(options.convolution)},
      {"image", {o.image.channels, o.image.side, o.image.side}},
      {"batch", batch},
      {"device_batch", options.batch},
      {"second_level_cache", options.second_level_cache},
      {"temperature", o.temperature},
      {"features", o.features},
      {"images", count},
      {"seconds", seconds},
      {"prepare_seconds", prepare_seconds},
      {"images_per_second", rate},
      {"gflops", gflops},
      {"peak_gflops", peaks.gflops},
      {"fraction_of_peak", gflops / peaks.gflops},
  };
  if (peaks.memory_gbytes) {
    // What memory alone allows, were every step's arithmetic free.
    const double megabytes =
        static_cast<double>(odin_elements_moved(plan)) * bytes_of(options.precision) / 1e6;
    line["moved_megabytes_per_image"] = megabytes;
    line["memory_gbytes_per_second"] = *peaks.memory_gbytes;
    line["bandwidth_floor_images_per_second"] = *peaks.memory_gbytes * 1e3 / megabytes;
    line["fraction_of_bandwidth_floor"] = rate * megabytes / (*peaks.memory_gbytes * 1e3);
  }
  line["version"] = version();
  return line;
}

int bench_all(const Options& o) {
  struct Network {
    Graph graph;
    Plan plan;
  };
  std::map<std::string, Network> networks;
  for (const std::string& name : o.networks) {
    Architecture architecture = kNetworks.at(name);
    architecture.image = o.image;
    Graph graph = build_graph(architecture);
    Plan plan = compile(graph, initial_parameters(architecture, 1));
    networks.emplace(name, Network{std::move(graph), std::move(plan)});
  }
  for (const std::string& precision : o.precisions) {
    for (const std::string& name : o.networks) {
      for (const std::string& convolution : o.convolutions) {
        for (const int device_batch : o.device_batches) {
          for (const long cache : o.second_level_caches) {
            const DeviceOptions options{.threads = o.threads,
                                        .precision = precision_of(precision),
                                        .convolution = convolution_algorithm_of(convolution),
                                        .batch = device_batch,
                                        .second_level_cache = cache << 10,
                                        .instruction_set = o.instruction_set};
            const Network& network = networks.at(name);
            fmt::print("{}\n", bench(o, name, network.graph, network.plan, options).dump());
            std::fflush(stdout);  // stays, if this is ended before the last one
          }
        }
      }
    }
  }
  return 0;
}

}  // namespace
}  // namespace odin

int main(int argc, char** argv) {
  using odin::ImageShape;
  using odin::kNetworks;
  CLI::App app(
      "Measures ODIN's throughput: forward pass, gradient in the input, second forward pass.",
      "odin_bench");
  app.footer(
      "Prints a line of JSON for each precision, network, convolution, device batch and cache,\n"
      "options that take lists (fp16,bf16).\n"
      "gflops counts the network's arithmetic as the papers define it. So an algorithm that needs "
      "fewer multiplications\n"
      "may exceed the peak. The bandwidth floor is the rate that a GPU's memory allows if every "
      "step reads each operand\n"
      "from memory once and writes each result once.");
  odin::Options o;
  app.add_option("--network", o.networks, "densenet_bc_100, wrn_28_10")
      ->check(CLI::IsMember(kNetworks))
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--batch", o.batch, "Images at once; default: chosen for the device")
      ->check(CLI::Range(1, 1 << 20));
  app.add_option("--device", o.device, "auto, cpu, cuda or cuda:N")->capture_default_str();
  app.add_option("--threads", o.threads,
                 "CPU threads; default: OMP_NUM_THREADS, or one per core that the process may use")
      ->check(CLI::Range(1, 4096));
  app.add_option("--precision", o.precisions, "fp32, tf32, fp16 or bf16; the CPU has fp32 only")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--conv", o.convolutions,
                 "GPU: auto, cudnn, own or wgmma; CPU: auto, direct or winograd")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--device-batch", o.device_batches,
                 "Images that a GPU runs at once; default: chosen for the network")
      ->check(CLI::Range(1, 1 << 20))
      ->delimiter(',');
  app.add_option("--second-level-cache", o.second_level_caches,
                 "KiB of a core's second-level cache, by which the CPU's block sizes are chosen; "
                 "default: this machine's")
      ->check(CLI::Range(1, 1 << 20))
      ->delimiter(',');
  odin::add_instruction_set_option(app, o.instruction_set);
  app.add_option("--image-size", o.image.side, "Side of the images")
      ->check(CLI::Range(ImageShape::kLeastSide, ImageShape::kMostSide))
      ->capture_default_str();
  app.add_option("--channels", o.image.channels, "1 or 3")
      ->check(CLI::IsMember({1, 3}))
      ->capture_default_str();
  app.add_option("--seconds", o.seconds, "Duration of the measurement")
      ->check(CLI::Range(0.0, 86400.0))
      ->capture_default_str();
  app.add_option("--temperature", o.temperature, "ODIN's temperature")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_flag("--features", o.features,
               "Also take the input of the classifier, which detectors of features read");
  return odin::run_program_main(app, argc, argv, [&] { return odin::bench_all(o); });
}
