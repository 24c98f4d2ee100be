#include "eval/cli/odin_eval_options.h"

#include <cmath>
#include <limits>

#include <CLI/CLI.hpp>

#include "eval/cli/whole_number.h"
#include "eval/paper/authors_names.h"

namespace odin {
namespace {

constexpr const char* kExamples = R"(Examples:
  odin_eval --demo
  odin_eval --nn densenet10 --out_dataset all --weights-dir weights --data-dir data --report report
  odin_eval --nn densenet10 --out_dataset Imagenet --magnitude 0.0014 --temperature 1000 --gpu 0
  odin_eval --nn densenet10 --out_dataset all --search --tune-on iSUN
  odin_eval --weights net.h5 --in cifar10:data --out folder:data/iSUN --out uniform --json report.json
  mpirun --bind-to none -n 4 odin_eval --nn wideresnet10 --out_dataset all

SPEC is cifar10:DIR, cifar10-train:DIR, cifar100:DIR, cifar100-train:DIR, idx:FILE (images; labels beside it),
folder:DIR (PNG and JPEG), uniform or gaussian.)";

// More images than any set has.
constexpr std::uint64_t kMostImages = 1'000'000'000;

template <class Entries>
std::vector<std::string> names_of(const Entries& entries) {
  std::vector<std::string> names;
  for (const auto& entry : entries) names.emplace_back(entry.name);
  return names;
}

std::vector<std::string> out_set_names() {
  std::vector<std::string> names = names_of(authors_out_sets());
  names.emplace_back("all");
  return names;
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

void add_network(CLI::App& app, JobRequest& job) {
  const char* group = "Network and in-distribution set";
  auto* nn = app.add_option(
                    "--nn", job.network,
                    fmt::format("Of the release: {}", fmt::join(names_of(authors_networks()), "|")))
                 ->check(CLI::IsMember(names_of(authors_networks())))
                 ->type_name("NAME")
                 ->group(group);
  app.add_option("--weights-dir", job.weights_dir, "Where NAME.h5 of the network lies")
      ->type_name("DIR")
      ->capture_default_str()
      ->group(group);
  auto* weights = app.add_option("--weights", job.weights, "Any other: checkpoint (HDF5)")
                      ->type_name("FILE")
                      ->group(group);
  auto* in = app.add_option("--in", job.in_spec, "Its in-distribution set")
                 ->type_name("SPEC")
                 ->group(group);
  weights->needs(in);
  in->needs(weights);
  auto* demo =
      app.add_flag("--demo", job.demo,
                   "Fashion-MNIST against noise with the bundled network, 1,000 images a set")
          ->group(group);
  demo->excludes(nn, weights);
  nn->excludes(weights);
}

void add_out_sets(CLI::App& app, JobRequest& job) {
  const char* group = "Out-of-distribution sets, one or several";
  app.add_option("--out_dataset", job.out_names,
                 fmt::format("Of the release: {}", fmt::join(out_set_names(), "|")))
      ->check(CLI::IsMember(out_set_names()))
      ->type_name("NAME")
      ->group(group);
  app.add_option("--data-dir", job.data_dir, "Where the release's sets lie, unpacked")
      ->type_name("DIR")
      ->capture_default_str()
      ->group(group);
  app.add_option("--out", job.out_specs, "Any other; may be repeated")
      ->type_name("SPEC")
      ->group(group);
}

void add_method(CLI::App& app, EvalOptions& o) {
  const char* group = "Method";
  JobRequest& job = o.job;
  auto* temperature =
      app.add_option("--temperature", job.temperature, "Divides the logits; default 1000")
          ->check(finite(0, true))
          ->type_name("T")
          ->group(group);
  auto* magnitude = app.add_option("--magnitude", job.magnitude,
                                   "Of the perturbation, pixels in 0..1; default: the authors', "
                                   "0.006 for the demo, else 0.0014")
                        ->check(finite(0, false))
                        ->type_name("E")
                        ->group(group);
  const std::vector<std::string> scores = detector_names();
  app.add_option_function<std::vector<std::string>>(
         "--score",
         [&o](const std::vector<std::string>& names) {
           const std::vector<std::string_view> views(names.begin(), names.end());
           o.detectors = parse_detectors(views);
         },
         fmt::format("What is reported: {} or all; default: baseline,odin",
                     fmt::join(scores.begin(), scores.end() - 1, ", ")))
      ->delimiter(',')
      ->check(CLI::IsMember(scores))
      ->type_name("NAME,...")
      ->group(group);
  auto* search = app.add_flag("--search", job.search,
                              "Choose temperature and magnitude on the images left aside")
                     ->excludes(temperature, magnitude)
                     ->group(group);
  app.add_option("--tune-on", job.tune_on,
                 "Choose them on this set only, and report on the others; NAME or SPEC")
      ->needs(search)
      ->type_name("SET")
      ->group(group);
  app.add_option("--search-dir", o.search_dir,
                 "Where a search keeps its scores, to go on after an interruption")
      ->needs(search)
      ->type_name("DIR")
      ->capture_default_str()
      ->group(group);
  app.add_option("--skip", job.skip, "Images left aside at the start of every set; default 1000")
      ->check(whole_number(0, kMostImages))
      ->type_name("N")
      ->group(group);
  app.add_option("--limit", job.limit,
                 "Images read of every set, those left aside included; default 10000")
      ->check(whole_number(1, kMostImages))
      ->type_name("N")
      ->group(group);
  app.add_option("--seed", job.seed, "Of the noise sets")
      ->check(whole_number(0, std::numeric_limits<std::uint64_t>::max()))
      ->capture_default_str()
      ->group(group);
  app.add_option_function<std::string>(
         "--metrics", [&o](const std::string& name) { o.method = metrics_method(name); },
         "exact, or threshold-sweep as the authors computed them; default: exact")
      ->check(CLI::IsMember({"exact", "threshold-sweep"}))
      ->type_name("HOW")
      ->group(group);
  const auto fit = [&](const char* name, ImageFit how, const char* help) {
    return app
        .add_flag_callback(
            name, [&job, how] { job.fit = how; }, help)
        ->group(group);
  };
  auto* resize = fit("--resize", ImageFit::kResize, "Scale images to 32 x 32");
  fit("--center-crop", ImageFit::kCenterCrop, "Cut the middle 32 x 32 out of larger images")
      ->excludes(resize);
}

void add_machine(CLI::App& app, EvalOptions& o) {
  const char* group = "Machine";
  auto* device = app.add_option("--device", o.device, "auto, cpu, cuda or cuda:N")
                     ->type_name("DEVICE")
                     ->capture_default_str()
                     ->group(group);
  app.add_option("--gpu", o.gpu,
                 "The release's way to say --device cuda:N; the CPU where there is none")
      ->check(whole_number(0, std::numeric_limits<int>::max()))
      ->type_name("N")
      ->excludes(device)
      ->group(group);
  app.add_option("--batch-size", o.batch_size, "Images at once; default: what suits the device")
      ->check(CLI::Range(1, 1 << 20))
      ->type_name("N")
      ->group(group);
  app.add_option("--threads", o.threads, "Of the CPU; default: all cores")
      ->check(CLI::Range(1, 4096))
      ->type_name("N")
      ->group(group);
  app.add_option("--precision", o.precision, "Of a GPU: fp32, tf32, fp16 or bf16")
      ->check(CLI::IsMember({"fp32", "tf32", "fp16", "bf16"}))
      ->type_name("TYPE")
      ->capture_default_str()
      ->group(group);
  app.add_option(
         "--conv", o.convolution,
         "How to convolve: auto, cudnn, own or wgmma on a GPU, auto, direct or winograd on the CPU")
      ->check(CLI::IsMember({"auto", "cudnn", "own", "wgmma", "direct", "winograd"}))
      ->type_name("HOW")
      ->capture_default_str()
      ->group(group);
}

void add_output(CLI::App& app, EvalOptions& o) {
  const char* group = "Output";
  const auto add = [&](const char* name, std::string& value, const char* type, const char* help) {
    app.add_option(name, value, help)->type_name(type)->group(group);
  };
  add("--json", o.json, "FILE", "Write everything with all digits");
  add("--csv", o.csv, "FILE", "Write the figures with all digits");
  add("--markdown", o.markdown, "FILE", "Write the table in the paper's form");
  add("--report", o.report, "DIR", "Write index.html: table, curves, histograms, images");
  add("--scores", o.scores, "DIR", "Write the score of every image");
  app.add_flag("--quiet", o.quiet, "No progress, results only")->group(group);
}

// What single options cannot know of each other.
void check(const EvalOptions& o) {
  const JobRequest& job = o.job;
  const auto wrong = [](const std::string& sentence) { throw CLI::ValidationError(sentence); };
  const bool has_network = job.demo || !job.network.empty() || !job.weights.empty();
  const bool has_out = job.demo || !job.out_names.empty() || !job.out_specs.empty();
  if (!has_network || !has_out) {
    wrong(
        "say what to evaluate: --demo, or a network (--nn, or --weights and --in) and its "
        "out-of-distribution sets (--out_dataset or --out)");
  }
  if (job.demo && (!job.out_names.empty() || !job.out_specs.empty())) {
    wrong("--demo has sets of its own: leave --out_dataset and --out out");
  }
  const bool odin = std::ranges::find(o.detectors, &detectors::kOdin) != o.detectors.end();
  if (job.search && !odin) wrong("--search is for the score odin, which --score leaves out");
  if (o.method == MetricsMethod::kThresholdSweep) {
    for (const Detector* detector : o.detectors) {
      if (detector->sweep != nullptr) continue;
      wrong(fmt::format("--metrics threshold-sweep has no thresholds for the score {}",
                        detector->name));
    }
  }
}

}  // namespace

void add_options(CLI::App& app, EvalOptions& options) {
  app.footer(kExamples);
  add_network(app, options.job);
  add_out_sets(app, options.job);
  add_method(app, options);
  add_machine(app, options);
  add_output(app, options);
  app.callback([&options] { check(options); });
}

}  // namespace odin
