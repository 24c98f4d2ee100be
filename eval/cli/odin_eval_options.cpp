#include "eval/cli/odin_eval_options.h"

#include <limits>

#include <CLI/App.hpp>

#include "eval/cli/device_options.h"
#include "eval/cli/finite_number.h"
#include "eval/cli/fit_options.h"
#include "eval/cli/output_paths.h"
#include "eval/cli/score_name.h"
#include "eval/cli/spec_help.h"
#include "eval/cli/training_options.h"
#include "eval/cli/whole_number.h"
#include "eval/published/benchmark_file.h"
#include "eval/published/networks.h"
#include "eval/scoring/fit_detectors.h"
#include "eval/scoring/option_search.h"

namespace odin {
namespace {

constexpr const char* kExamples = R"(Examples:
  odin_eval --demo
  odin_eval --nn densenet10 --out_dataset all --weights-dir weights --data-dir data --report report
  odin_eval --nn densenet10 --out_dataset Imagenet --magnitude 0.0014 --temperature 1000 --gpu 0
  odin_eval --nn densenet10 --out_dataset all --search --tune-on iSUN
  odin_eval --nn densenet10 --benchmark cifar --weights-dir weights --data-dir data
  odin_eval --weights net.h5 --in cifar10:data --out folder:data/iSUN --out uniform --json report.json
  mpirun --bind-to none -n 4 odin_eval --nn wideresnet10 --out_dataset all
)";

// More images than any data set has.
constexpr std::uint64_t kMostImages = 1'000'000'000;

std::vector<std::string> network_names() {
  std::vector<std::string> names;
  for (const PublishedNetwork& network : published_networks()) names.emplace_back(network.name);
  return names;
}

void add_network(CLI::App& app, JobRequest& job) {
  const char* group = "Network and in-distribution set";
  auto* nn = app.add_option("--nn", job.network,
                            fmt::format("A published network: {}", fmt::join(network_names(), "|")))
                 ->check(CLI::IsMember(network_names()))
                 ->type_name("NAME")
                 ->group(group);
  app.add_option("--weights-dir", job.weights_dir, "Folder with the network's file, NAME.h5")
      ->type_name("DIR")
      ->capture_default_str()
      ->group(group);
  auto* weights =
      app.add_option("--weights", job.weights, "Any other network: its checkpoint (HDF5)")
          ->type_name("FILE")
          ->group(group);
  auto* in = app.add_option("--in", job.in_spec, "The in-distribution set of that network")
                 ->type_name("SPEC")
                 ->group(group);
  weights->needs(in);
  in->needs(weights);
  auto* demo =
      app.add_flag("--demo", job.demo,
                   "The bundled network: Fashion-MNIST against noise, 1,000 images per set")
          ->group(group);
  demo->excludes(nn, weights);
  nn->excludes(weights);
}

void add_out_sets(CLI::App& app, JobRequest& job) {
  const char* group = "Out-of-distribution sets, one or more";
  app.add_option(
         "--benchmark", job.benchmark,
         fmt::format("Sets that papers report on: {}, or a file; default, for --out_dataset: odin",
                     fmt::join(bundled_benchmark_names(), "|")))
      ->type_name("NAME")
      ->group(group);
  app.add_option("--out_dataset", job.out_names,
                 fmt::format("Only these sets of the benchmark; of odin: {}|all",
                             fmt::join(load_benchmark("odin")->set_names(), "|")))
      ->type_name("NAME")
      ->group(group);
  app.add_option("--edition", job.edition,
                 "The publication whose parameters are taken; of odin: v5 (Table 2 of the paper's "
                 "last edition) or before-v5 (the authors' README); default: the first that has "
                 "the network")
      ->type_name("NAME")
      ->group(group);
  app.add_option("--data-dir", job.data_dir, "Folder with the benchmark's sets, unpacked")
      ->type_name("DIR")
      ->capture_default_str()
      ->group(group);
  app.add_option("--out", job.out_specs, "Any other set; may be repeated")
      ->type_name("SPEC")
      ->group(group);
}

void add_method(CLI::App& app, EvalOptions& o) {
  const char* group = "Method";
  JobRequest& job = o.job;
  auto* temperature =
      app.add_option("--temperature", job.temperature,
                     "Temperature, which divides the logits; default: the published one, 1000")
          ->check(finite_number(0, true))
          ->type_name("T")
          ->group(group);
  auto* magnitude =
      app.add_option("--magnitude", job.magnitude,
                     "Magnitude of the perturbation, for pixels in 0..1; default: the "
                     "published one, 0.006 for the demo, else 0.0014")
          ->check(finite_number(0))
          ->type_name("E")
          ->group(group);
  app.add_option_function<std::vector<std::string>>(
         "--score",
         [&o](const std::vector<std::string>& names) {
           const std::vector<std::string_view> views(names.begin(), names.end());
           o.detectors = parse_detectors(views);
           o.job.needs_fit = needs_fit(o.detectors);
         },
         fmt::format(
             "Scores to report: {}; groups of them: {}; default: baseline,odin. Options follow "
             "a colon: ash_s:percentile=80",
             fmt::join(detector_names(), ", "), fmt::join(detector_groups(), ", ")))
      ->delimiter(',')
      ->check(score_name(true))
      ->type_name("NAME,...")
      ->group(group);
  add_training_options(app, job.fit_on, job.fit_images, o.fit_dir, group);
  auto* search =
      app.add_flag("--search", job.search,
                   "Choose temperature and magnitude, and the options of other scores, on "
                   "the held-out images")
          ->excludes(temperature, magnitude)
          ->group(group);
  app.add_option("--tune-on", job.tune_on,
                 "Choose them on this set only and report on the others; NAME or SPEC")
      ->needs(search)
      ->type_name("SET")
      ->group(group);
  app.add_option("--search-dir", o.search_dir,
                 "Folder where a search keeps its scores, to resume after an interruption")
      ->needs(search)
      ->type_name("DIR")
      ->capture_default_str()
      ->group(group);
  app.add_option(
         "--skip", job.skip,
         "Images to hold out at the start of every set; class folders are mixed; default 1000")
      ->check(whole_number(0, kMostImages))
      ->type_name("N")
      ->group(group);
  app.add_option("--limit", job.limit,
                 "Images to read from every set, the held-out ones included; default 10000")
      ->check(whole_number(1, kMostImages))
      ->type_name("N")
      ->group(group);
  app.add_option("--seed", job.seed, "Seed of the noise sets")
      ->check(whole_number(0, std::numeric_limits<std::uint64_t>::max()))
      ->capture_default_str()
      ->group(group);
  app.add_option_function<std::string>(
         "--metrics", [&o](const std::string& name) { o.method = metrics_method(name); },
         "exact; threshold-sweep, the authors' approximation; or both, the latter in --json only; "
         "default: exact")
      ->check(CLI::IsMember({"exact", "threshold-sweep", "both"}))
      ->type_name("HOW")
      ->group(group);
  app.add_option_function<std::string>(
         "--positive",
         [&o](const std::string& name) {
           o.positive = name == "out" ? PositiveClass::kOut : PositiveClass::kIn;
         },
         "The class that the FPR counts as positive: in, as the ODIN paper, or out, as OpenOOD; "
         "default: in")
      ->check(CLI::IsMember({"in", "out"}))
      ->type_name("CLASS")
      ->group(group);
  add_fit_options(app, job.fit, group);
  app.add_option_function<std::string>(
         "--jpeg-chroma", [&job](const std::string& name) { job.jpeg_chroma = jpeg_chroma(name); },
         "How the colour of JPEG images is enlarged: linear, as Pillow and torchvision do today, "
         "or dct, as they did in 2017; default: as the benchmark says (odin: dct), else linear")
      ->check(CLI::IsMember({"linear", "dct"}))
      ->type_name("HOW")
      ->group(group);
  app.add_flag("--skip-bad-images", job.skip_bad_images,
               "Leave out images of folders that cannot be read; default: list them and end")
      ->group(group);
}

void add_machine(CLI::App& app, EvalOptions& o) {
  const char* group = "Machine";
  auto* device = add_device_options(app, o.device, group);
  app.add_option("--gpu", o.gpu,
                 "As in the authors' script: --device cuda:N, or the CPU if there is no GPU")
      ->check(whole_number(0, std::numeric_limits<int>::max()))
      ->type_name("N")
      ->excludes(device)
      ->group(group);
  app.add_option("--batch-size", o.batch_size, "Images per batch; default: the best for the device")
      ->check(CLI::Range(1, 1 << 20))
      ->type_name("N")
      ->group(group);
}

void add_output(CLI::App& app, EvalOptions& o) {
  const char* group = "Output";
  const auto add = [&](const char* name, std::string& value, const char* type, const char* help) {
    app.add_option(name, value, help)->type_name(type)->group(group);
  };
  add("--json", o.json, "FILE", "Write all results and settings, unrounded; - is standard output");
  add("--csv", o.csv, "FILE", "Write the figures, unrounded; - likewise");
  add("--markdown", o.markdown, "FILE", "Write the table in the layout of the paper; - likewise");
  add("--report", o.report, "DIR", "Write index.html: table, curves, histograms, images");
  app.add_option_function<std::vector<std::string>>(
         "--plot",
         [&o](const std::vector<std::string>& names) {
           for (const std::string& name : names) o.plot.push_back(&detector_named(name));
         },
         "Scores whose curves the page shows first, of which the first two are drawn against each "
         "other; default: the best four and the baseline")
      ->delimiter(',')
      ->check(score_name(false))
      ->needs(app.get_option("--report"))
      ->type_name("NAME,...")
      ->group(group);
  add("--scores", o.scores, "DIR", "Write the score of every image");
  app.add_flag("--quiet", o.quiet, "Do not show progress")->group(group);
}

// Checks what no option can check alone.
void check(const EvalOptions& o) {
  const JobRequest& job = o.job;
  const auto wrong = [](const std::string& sentence) { throw CLI::ValidationError(sentence); };
  const bool has_network = job.demo || !job.network.empty() || !job.weights.empty();
  const bool has_out =
      job.demo || !job.benchmark.empty() || !job.out_names.empty() || !job.out_specs.empty();
  if (!has_network || !has_out) {
    wrong(
        "nothing to evaluate: give --demo, or a network (--nn, or --weights and --in) and "
        "out-of-distribution sets (--benchmark, --out_dataset or --out)");
  }
  if (job.demo && (!job.benchmark.empty() || !job.out_names.empty() || !job.out_specs.empty())) {
    wrong("--demo brings its own sets: remove --benchmark, --out_dataset and --out");
  }
  if (job.benchmark.empty()) {
    const auto odin = load_benchmark("odin");
    for (const std::string& name : job.out_names) {
      if (name == "all" || odin->find_set(name) != nullptr) continue;
      wrong(fmt::format("--out_dataset: there is no set {}: use {}, or all", name,
                        fmt::join(odin->set_names(), ", ")));
    }
  }
  const auto written = [](const std::string& file) {
    return std::filesystem::path(file == kStandardOutput ? "/dev/stdout" : file);
  };
  std::vector<GivenPath> inputs{{"--weights", job.weights},
                                given_set("--in", job.in_spec),
                                given_set("--fit-on", job.fit_on),
                                given_set("--tune-on", job.tune_on)};
  for (const std::string& spec : job.out_specs) inputs.push_back(given_set("--out", spec));
  const std::vector<std::string> bundled = bundled_benchmark_names();
  if (std::ranges::find(bundled, job.benchmark) == bundled.end()) {
    inputs.push_back({"--benchmark", job.benchmark});
  }
  require_distinct(
      {{"--json", written(o.json)},
       {"--csv", written(o.csv)},
       {"--markdown", written(o.markdown)},
       {"--report", o.report.empty() ? "" : std::filesystem::path(o.report) / "index.html"}},
      inputs);
  if (o.positive == PositiveClass::kOut && o.method != MetricsMethod::kExact) {
    wrong("--positive out is for exact metrics: remove --metrics");
  }
  for (const Detector* detector : o.plot) {
    if (std::ranges::find(o.detectors, detector) != o.detectors.end()) continue;
    wrong(fmt::format("--plot: the score {} is not computed: add it to --score", detector->name));
  }
  if (job.search && detectors_to_search(o.detectors).empty()) {
    wrong("--search has nothing to choose: ask by --score for odin, or for a score with options");
  }
  if (o.method == MetricsMethod::kThresholdSweep) {
    for (const Detector* detector : o.detectors) {
      if (detector->sweep != nullptr) continue;
      wrong(
          fmt::format("--metrics threshold-sweep has no thresholds for the score {}: remove it "
                      "from --score, or use --metrics exact",
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
