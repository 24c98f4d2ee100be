// odin_eval: how well the baseline and ODIN tell one set of images from another.
#include <cmath>
#include <cstdio>

#include <CLI/CLI.hpp>

#include "eval/benchmark_job.h"
#include "eval/benchmark_names.h"
#include "eval/program.h"
#include "eval/score_files.h"
#include "kernels/device.h"
#include "weights/atomic_file.h"

namespace odin {
namespace {

constexpr const char* kExamples = R"(Examples:
  odin_eval --demo
  odin_eval --nn densenet10 --out_dataset Imagenet --weights-dir weights --data-dir data
  odin_eval --nn densenet10 --out_dataset Imagenet --magnitude 0.0014 --temperature 1000 --gpu 0
  odin_eval --weights net.h5 --in cifar10:data --out folder:data/iSUN --out uniform --json report.json

SPEC is cifar10:DIR, cifar10-train:DIR, cifar100:DIR, cifar100-train:DIR, idx:FILE (images; labels beside it),
folder:DIR (PNG and JPEG), uniform or gaussian.)";

// Everything on the command line.
struct Options {
  JobRequest job;
  std::string device = "auto";
  std::optional<int> gpu;
  std::int64_t batch_size = 0;
  int threads = 0;
  std::string precision = "fp32";
  std::string convolution = "auto";
  std::string metrics = "exact";
  std::string json;
  std::string scores;
  bool resize = false;
  bool center_crop = false;
  bool quiet = false;
};

// Names joined by "|", for the help.
template <class Entries>
std::string names_of(const Entries& entries) {
  std::string names;
  for (const auto& entry : entries) names += (names.empty() ? "" : "|") + std::string(entry.name);
  return names;
}

template <class Entries>
CLI::IsMember one_of(const Entries& entries) {
  std::vector<std::string> names;
  for (const auto& entry : entries) names.emplace_back(entry.name);
  return CLI::IsMember(names);
}

// Finite numbers of at least `least`, or above it.
CLI::Validator finite(double least, bool above) {
  const std::string range =
      fmt::format("a finite number {} {}", above ? "above" : "of at least", least);
  return CLI::Validator(
      [=](const std::string& text) {
        double value = 0;
        const bool good = CLI::detail::lexical_cast(text, value) && std::isfinite(value) &&
                          (above ? value > least : value >= least);
        return good ? std::string() : fmt::format("{} is not {}", text, range);
      },
      "");
}

void add_options(CLI::App& app, Options& o) {
  app.footer(kExamples);
  JobRequest& job = o.job;

  const char* release = "The benchmark of the release";
  auto* nn = app.add_option("--nn", job.network, names_of(benchmark_networks()))
                 ->check(one_of(benchmark_networks()))
                 ->type_name("NAME")
                 ->group(release);
  auto* out_name = app.add_option("--out_dataset", job.out_name, names_of(benchmark_out_sets()))
                       ->check(one_of(benchmark_out_sets()))
                       ->type_name("NAME")
                       ->group(release);
  app.add_option("--weights-dir", job.weights_dir, "Where NAME.h5 of the network lies")
      ->type_name("DIR")
      ->capture_default_str()
      ->group(release);
  app.add_option("--data-dir", job.data_dir, "Where the data sets lie, unpacked")
      ->type_name("DIR")
      ->capture_default_str()
      ->group(release);
  nn->needs(out_name);
  out_name->needs(nn);

  const char* general = "Any network and any sets";
  auto* weights = app.add_option("--weights", job.weights, "Checkpoint (HDF5)")
                      ->type_name("FILE")
                      ->group(general);
  auto* in =
      app.add_option("--in", job.in_spec, "In-distribution set")->type_name("SPEC")->group(general);
  auto* out = app.add_option("--out", job.out_specs, "Out-of-distribution set; may be repeated")
                  ->type_name("SPEC")
                  ->group(general);
  weights->needs(in, out);
  in->needs(weights);
  out->needs(weights);

  auto* demo =
      app.add_flag("--demo", job.demo,
                   "Fashion-MNIST against noise with the bundled network, 1,000 images a set");
  demo->excludes(nn, weights);
  nn->excludes(weights);

  const char* method = "Method";
  app.add_option("--temperature", job.temperature, "Divides the logits; default 1000")
      ->check(finite(0, true))
      ->type_name("T")
      ->group(method);
  app.add_option("--magnitude", job.magnitude,
                 "Of the perturbation, pixels in 0..1; default: the authors', else 0.0014")
      ->check(finite(0, false))
      ->type_name("E")
      ->group(method);
  app.add_option("--skip", job.skip, "Images left aside at the start of every set; default 1000")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N")
      ->group(method);
  app.add_option("--limit", job.limit,
                 "Images read of every set, those left aside included; default 10000")
      ->check(CLI::PositiveNumber)
      ->type_name("N")
      ->group(method);
  app.add_option("--seed", job.seed, "Of the noise sets")->capture_default_str()->group(method);
  app.add_option("--metrics", o.metrics, "exact, or threshold-sweep as the authors computed them")
      ->check(CLI::IsMember({"exact", "threshold-sweep"}))
      ->type_name("HOW")
      ->capture_default_str()
      ->group(method);
  auto* resize = app.add_flag("--resize", o.resize, "Scale images to 32 x 32")->group(method);
  app.add_flag("--center-crop", o.center_crop, "Cut the middle 32 x 32 out of larger images")
      ->group(method)
      ->excludes(resize);

  const char* machine = "Machine";
  auto* device = app.add_option("--device", o.device, "auto, cpu, cuda or cuda:N")
                     ->type_name("DEVICE")
                     ->capture_default_str()
                     ->group(machine);
  app.add_option("--gpu", o.gpu,
                 "The release's way to say --device cuda:N; the CPU where there is none")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N")
      ->excludes(device)
      ->group(machine);
  app.add_option("--batch-size", o.batch_size, "Images at once; default: what suits the device")
      ->check(CLI::Range(1, 1 << 20))
      ->type_name("N")
      ->group(machine);
  app.add_option("--threads", o.threads, "Of the CPU; default: all cores")
      ->check(CLI::Range(1, 4096))
      ->type_name("N")
      ->group(machine);

  app.add_option("--precision", o.precision, "Of a GPU: fp32, tf32, fp16 or bf16")
      ->check(CLI::IsMember({"fp32", "tf32", "fp16", "bf16"}))
      ->type_name("TYPE")
      ->capture_default_str()
      ->group(machine);
  app.add_option(
         "--conv", o.convolution,
         "How to convolve: auto, cudnn or own on a GPU, auto, direct or winograd on the CPU")
      ->check(CLI::IsMember({"auto", "cudnn", "own", "direct", "winograd"}))
      ->type_name("HOW")
      ->capture_default_str()
      ->group(machine);

  const char* output = "Output";
  app.add_option("--json", o.json, "Write the results with all digits")
      ->type_name("FILE")
      ->group(output);
  app.add_option("--scores", o.scores, "Write the score of every image")
      ->type_name("DIR")
      ->group(output);
  app.add_flag("--quiet", o.quiet, "No progress, results only")->group(output);
}

std::unique_ptr<Backend> backend_for(const Options& o) {
  const DeviceOptions options{.threads = o.threads,
                              .precision = precision_of(o.precision),
                              .convolution = convolution_choice_of(o.convolution)};
  if (!o.gpu) return make_backend(o.device, options);
  try {
    return make_backend(fmt::format("cuda:{}", *o.gpu), options);
  } catch (const Error& error) {
    if (!o.quiet) fmt::print(stderr, "{}; running on the CPU\n", error.what());
    return make_backend("cpu", options);
  }
}

// Folder of a task's score files: the one asked for, or one below it for each of several tasks.
std::filesystem::path score_folder(const Options& o, const Job& job, std::size_t task) {
  if (job.tasks.size() == 1) return o.scores;
  return std::filesystem::path(o.scores) / fmt::format("out_{}", task + 1);
}

int evaluate(const Options& o) {
  const std::unique_ptr<Backend> backend = backend_for(o);
  Job job = prepare_job(o.job);
  Scorer scorer(job.checkpoint, *backend);
  BenchmarkOptions options;
  options.batch_size = o.batch_size > 0 ? o.batch_size : scorer.preferred_batch();
  options.method = metrics_method(o.metrics);
  Progress progress(o.quiet);
  const BenchmarkResult result =
      run_benchmark(scorer, job.checkpoint, job.in, job.tasks, options, progress);

  Report report;
  report.network = job.network_name;
  report.weights = job.weights.string();
  report.in_set = job.in.display_name;
  report.in_images = job.in.images->size();
  report.accuracy = result.accuracy;
  report.evaluations = result.evaluations;
  report.method = options.method;
  report.device = scorer.description();
  report.batch_size = options.batch_size;
  report.seed = o.job.seed;
  report.skip = job.skip;
  report.limit = job.limit;
  report.seconds = result.seconds;
  report.images_per_second = static_cast<double>(result.images) / result.seconds;

  if (!o.scores.empty()) {
    for (std::size_t i = 0; i < job.tasks.size(); ++i) {
      const TaskScores& s = result.scores[i];
      const OdinParameters& p = job.tasks[i].parameters;
      write_score_files(
          {p.temperature, p.magnitude, s.baseline_in, s.baseline_out, s.odin_in, s.odin_out},
          score_folder(o, job, i));
    }
  }
  if (!o.json.empty()) write_atomically(o.json, to_json(report));
  fmt::print("{}", to_text(report));
  return 0;
}

}  // namespace
}  // namespace odin

int main(int argc, char** argv) {
  CLI::App app("Tells in-distribution from out-of-distribution images with ODIN and its baseline.",
               "odin_eval");
  odin::Options options;
  odin::add_options(app, options);
  return odin::run_program_main(app, argc, argv, [&] {
    const odin::JobRequest& job = options.job;
    if (!job.demo && job.network.empty() && job.weights.empty()) {
      fmt::print(stderr,
                 "odin_eval: say what to evaluate: --demo, --nn and --out_dataset, or "
                 "--weights, --in and --out (see odin_eval --help)\n");
      return 2;
    }
    if (options.resize) options.job.fit = odin::ImageFit::kResize;
    if (options.center_crop) options.job.fit = odin::ImageFit::kCenterCrop;
    return odin::evaluate(options);
  });
}
