// odin_calibrate: makes a detector of a network and in-distribution images.
#include <algorithm>
#include <cstdio>
#include <limits>
#include <optional>

#include <CLI/App.hpp>

#include "eval/benchmark/class_match.h"
#include "eval/benchmark/set_request.h"
#include "eval/benchmark/training_images.h"
#include "eval/cli/device_options.h"
#include "eval/cli/finite_number.h"
#include "eval/cli/fit_options.h"
#include "eval/cli/output_paths.h"
#include "eval/cli/program.h"
#include "eval/cli/score_name.h"
#include "eval/cli/spec_help.h"
#include "eval/cli/terminal_progress.h"
#include "eval/cli/training_options.h"
#include "eval/cli/whole_number.h"
#include "eval/data/spec.h"
#include "eval/detection/calibrate.h"
#include "eval/detection/score_text.h"
#include "eval/published/networks.h"
#include "eval/scoring/detectors/registry.h"
#include "eval/scoring/fit_detectors.h"
#include "eval/scoring/launcher.h"
#include "eval/scoring/training_store.h"
#include "weights/files/atomic_file.h"
#include "weights/files/printable.h"

namespace odin {
namespace {

struct Options {
  std::string weights;
  std::string in;
  std::string out;
  ImageFit fit = ImageFit::kExact;
  std::int64_t images = 1000;
  std::int64_t skip = 0;
  bool skip_bad_images = false;

  std::string score = "odin";
  double tpr = 0.95;
  std::optional<double> temperature;
  std::optional<double> magnitude;
  std::string fit_on;
  std::optional<std::int64_t> fit_images;
  std::string fit_dir = "odin_fits";
  bool choose_magnitude = false;
  std::vector<double> magnitudes = default_magnitudes();

  DeviceChoice device;
  bool quiet = false;
};

void add_options(CLI::App& app, Options& o) {
  const char* group = "Network and images";
  app.add_option("--weights", o.weights, "The network's checkpoint (HDF5)")
      ->required()
      ->type_name("FILE")
      ->group(group);
  app.add_option("--in", o.in, "In-distribution images that the network was not trained on")
      ->required()
      ->type_name("SPEC")
      ->group(group);
  app.add_option("--images", o.images, "How many of them to use; the others are left for a test")
      ->check(whole_number(1, std::numeric_limits<std::int32_t>::max()))
      ->type_name("N")
      ->capture_default_str()
      ->group(group);
  app.add_option("--skip", o.skip, "How many to leave out before these")
      ->check(whole_number(0, std::numeric_limits<std::int32_t>::max()))
      ->type_name("N")
      ->capture_default_str()
      ->group(group);
  add_fit_options(app, o.fit, group);
  app.add_flag("--skip-bad-images", o.skip_bad_images,
               "Leave out images of folders that cannot be read; default: list them and end")
      ->group(group);
  app.add_option("--out", o.out, "The detector's file to write: the checkpoint with its settings")
      ->required()
      ->type_name("FILE")
      ->group(group);

  group = "Method";
  app.add_option("--score", o.score,
                 fmt::format("What to judge by: {}. Options follow a colon: ash_s:percentile=80",
                             fmt::join(detector_names(), ", ")))
      ->check(score_name(false))
      ->type_name("NAME")
      ->capture_default_str()
      ->group(group);
  add_training_options(app, o.fit_on, o.fit_images, o.fit_dir, group);
  app.add_option("--tpr", o.tpr, "The share of in-distribution images to accept")
      ->check(CLI::Validator(
          [](const std::string& text) {
            double value = 0;
            const bool good = CLI::detail::lexical_cast(text, value) && value > 0 && value < 1;
            return good ? std::string() : text + " is not between 0 and 1";
          },
          ""))
      ->type_name("SHARE")
      ->capture_default_str()
      ->group(group);
  app.add_option("--temperature", o.temperature, "ODIN's temperature; default: 1000")
      ->check(finite_number(0, true))
      ->type_name("T")
      ->group(group);
  auto* magnitude =
      app.add_option("--magnitude", o.magnitude,
                     "Magnitude of ODIN's perturbation, for pixels in 0..1; default: 0.0014")
          ->check(finite_number(0))
          ->type_name("E")
          ->group(group);
  auto* choose = app.add_flag("--choose-magnitude", o.choose_magnitude,
                              "Choose the magnitude that maximises the mean score of the images "
                              "(Generalized ODIN, section 3.2)")
                     ->excludes(magnitude)
                     ->group(group);
  app.add_option("--magnitudes", o.magnitudes, "The magnitudes to choose from")
      ->delimiter(',')
      ->check(finite_number(0))
      ->needs(choose)
      ->type_name("E,...")
      ->default_str("0 to 0.004 in steps of 0.0002, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08")
      ->group(group);

  group = "Machine";
  add_device_options(app, o.device, group);
  app.add_flag("--quiet", o.quiet, "Do not show progress")->group("Output");
  app.footer(std::string(R"(Examples:
  odin_calibrate --weights net.h5 --in cifar10:data --magnitude 0.0014 --out detector.h5
  odin_calibrate --weights net.h5 --in folder:photos --score energy --tpr 0.99 --out detector.h5
  odin_calibrate --weights net.h5 --in cifar10:data --score knn:neighbours=10 --out detector.h5

)") + kSpecHelp);
  app.final_callback([&o] {
    const Detector& score = *find_detector(o.score);
    const bool tuned = o.temperature || o.magnitude || o.choose_magnitude;
    if (!score.uses_odin_parameters && tuned) {
      throw CLI::ValidationError(fmt::format(
          "the score {} has neither temperature nor magnitude: leave these options out", o.score));
    }
    if (score.fit == nullptr && (!o.fit_on.empty() || o.fit_images)) {
      throw CLI::ValidationError(
          fmt::format("the score {} learns nothing from training images: leave --fit-on and "
                      "--fit-images out",
                      o.score));
    }
    require_distinct({{"--out", o.out}},
                     {given_set("--in", o.in), given_set("--fit-on", o.fit_on)});
  });
}

DatasetOptions dataset_options(const Options& o, const ImageShape& shape) {
  return {.shape = shape,
          .fit = o.fit,
          .folder = {.mix_classes = true,
                     .most_images = o.skip + o.images,
                     .skip_bad_images = o.skip_bad_images}};
}

NamedDataset open_images(const Options& o, const DatasetOptions& options) {
  const DatasetSpec spec = parse_dataset_spec(o.in);
  require(!is_noise(spec.kind), "{} is noise, which no network was trained on: --in takes images",
          o.in);
  std::shared_ptr<const Dataset> set = open_dataset(spec, options);
  require(set->size() > o.skip, "{} has {} images, and --skip {} leaves out all of them",
          set->name(), set->size(), o.skip);
  std::string name = set->name();
  return {std::move(name), subset(std::move(set), o.skip, o.images)};
}

void print_notes(const NamedDataset& set) {
  for (const std::string& note : set.images->notes()) {
    std::fputs(fmt::format("{}: {}\n", set.display_name, note).c_str(), stderr);
  }
}

void print_curve(const DetectorSettings& s) {
  if (s.magnitudes.empty()) return;
  fmt::print("magnitude   mean score of the images\n");
  for (std::size_t i = 0; i < s.magnitudes.size(); ++i) {
    fmt::print("{:<9g}   {:.8f}{}\n", s.magnitudes[i], s.mean_scores[i],
               s.magnitudes[i] == s.magnitude ? "   chosen" : "");
  }
  const auto [least, most] = std::ranges::minmax_element(s.magnitudes);
  if (s.magnitude == *most && *least < *most) {
    fmt::print("The largest magnitude was chosen: a larger one may be better (--magnitudes).\n");
  }
}

void print_settings(const Options& o, const DetectorSettings& s) {
  print_curve(s);
  fmt::print("score       {}\n", score_text(s));
  fmt::print("threshold   {:.17g}\n", s.threshold);
  fmt::print(
      "TPR         {:g} % asked for, from {} image{} of {};\n"
      "            other images of that source: {:.1f} to {:.1f} % (95 % confidence)\n",
      100 * s.tpr, s.images, s.images == 1 ? "" : "s", printable(s.images_name), 100 * s.tpr_low,
      100 * s.tpr_high);
  fmt::print("written     {}\n", printable(o.out));
  flush_standard_output();
}

int calibrate_detector(const Options& o) {
  require_single_process();
  require_writable(o.out);
  // Before other threads start: a child process reads the file, and it has none of them.
  Checkpoint checkpoint = read_checkpoint(o.weights);
  const DeviceOptions device = o.device.options();
  const std::unique_ptr<Backend> backend = make_backend(o.device.device, device);
  CalibrationRequest request{.score = find_detector(o.score), .tpr = o.tpr};
  const DatasetOptions options = dataset_options(o, checkpoint.architecture.image);
  const NamedDataset images = open_images(o, options);
  std::optional<TrainingImages> training;
  if (needs_fit({&request.score, 1})) {
    SetRequest in;
    in.spec = o.in;
    training = open_training_images({o.fit_on, o.fit_images, o.skip}, in, checkpoint, options);
  }
  if (!o.quiet) {
    for (const std::string& note :
         origin_notes(images.display_name, checkpoint.in_dataset, parse_dataset_spec(o.in).kind)) {
      std::fputs(fmt::format("{}\n", note).c_str(), stderr);
    }
    print_notes(images);
    if (training) print_notes(training->set);
  }

  Scorer scorer(checkpoint, *backend, {&request.score, 1});
  scorer.use_threads(device.threads);
  const ScoringOptions scoring{.threads = device.threads};
  TerminalProgress progress(o.quiet);
  std::optional<TrainingSet> learnt_from;
  if (training) {
    const TrainingStore store(o.fit_dir, checkpoint, scorer.description());
    learnt_from = run_training_set(scorer, *training, scoring, &store, progress);
    learnt_from->name = training->set.images->name();
    const std::vector<UnfittedDetector> unfitted = fit_detectors(scorer, *learnt_from);
    if (!unfitted.empty()) fail("{}", unfitted.front().reason);
    request.training = &*learnt_from;
  }
  request.parameters = {o.temperature.value_or(kAuthorsTemperature),
                        o.magnitude.value_or(kDefaultMagnitude)};
  if (o.choose_magnitude) request.magnitudes = o.magnitudes;
  DetectorSettings settings = calibrate(scorer, images, request, scoring, progress);
  settings.fit = name_of(o.fit);
  checkpoint.detector = settings;
  checkpoint.detector_fit = scorer.fits().front();
  write_checkpoint(checkpoint, o.out);
  print_settings(o, settings);
  return 0;
}

}  // namespace
}  // namespace odin

int main(int argc, char** argv) {
  CLI::App app(
      "Makes a detector for odin_detect: sets the threshold that accepts a share of the "
      "in-distribution images, and writes it with the network into one file.",
      "odin_calibrate");
  odin::Options options;
  odin::add_options(app, options);
  return odin::run_program_main(app, argc, argv, [&] { return odin::calibrate_detector(options); });
}
