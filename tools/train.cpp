// train: trains DenseNet-BC or Wide ResNet from scratch on labelled images.
#include <cstdio>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "eval/cli/device_options.h"
#include "eval/cli/fit_options.h"
#include "eval/cli/output_paths.h"
#include "eval/cli/program.h"
#include "eval/cli/whole_number.h"
#include "eval/data/spec.h"
#include "eval/report/version.h"
#include "eval/scoring/launcher.h"
#include "kernels/device.h"
#include "kernels/versions.h"
#include "tools/in_datasets.h"
#include "tools/train/images/channel_statistics.h"
#include "tools/train/images/describe_images.h"
#include "tools/train/images/split.h"
#include "tools/train/network_names.h"
#include "tools/train/setup.h"
#include "tools/train/training_run.h"
#include "weights/files/atomic_file.h"
#include "weights/files/paths.h"
#include "weights/files/printable.h"

namespace odin {
namespace {

namespace fs = std::filesystem;
using training::Recipe;
using training::Schedule;

constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();

struct Options {
  std::string network = "densenet_bc_100";
  std::string in_spec;
  std::string in_dataset;
  std::vector<float> mean;
  std::vector<float> std;
  std::string preset = "densenet";
  // The recipe's values on the command line. The others are the preset's.
  Recipe given;
  std::string schedule;
  bool no_nesterov = false;
  bool no_flip = false;
  std::int64_t held_out = 1000;
  std::uint64_t held_out_seed = 0;
  int channels = 0;    // of the images that the network takes; 0: follows from the set
  int image_size = 0;  // likewise
  ImageFit fit = ImageFit::kExact;
  bool skip_bad_images = false;
  DeviceChoice device;
  fs::path out;
  fs::path state;
  fs::path log;
  std::int64_t save_every = 0;
  bool resume = false;
  bool quiet = false;
};

constexpr const char* kExamples = R"(Examples:
  train --network densenet_bc_100 --in cifar10-train:data --preset densenet --out net.h5
  train --network wrn_28_10 --in cifar10-train:data --preset wrn --device cuda --out net.h5
  train --network densenet_bc_100 --in idx:train-images-idx3-ubyte.gz --in-dataset fashion_mnist
        --preset fast --epochs 5 --crop-padding 0 --out net.h5
  train --network wrn_16_4 --in folder:pictures --image-size 64 --resize --out net.h5
  train ... --resume      the same command again, to resume after an interruption)";

// The preset, with the values from the command line.
Recipe recipe_of(const CLI::App& app, const Options& o) {
  Recipe r = training::preset(o.preset);
  const auto take = [&](const char* option, auto member) {
    if (app.count(option) > 0) r.*member = o.given.*member;
  };
  take("--epochs", &Recipe::epochs);
  take("--half-size-epochs", &Recipe::half_size_epochs);
  take("--batch-size", &Recipe::batch_size);
  take("--rate", &Recipe::learning_rate);
  take("--warmup-epochs", &Recipe::warmup_epochs);
  take("--milestones", &Recipe::milestones);
  take("--decay", &Recipe::decay);
  take("--momentum", &Recipe::momentum);
  take("--weight-decay", &Recipe::weight_decay);
  take("--dropout", &Recipe::dropout);
  take("--seed", &Recipe::seed);
  if (!o.schedule.empty()) {
    r.schedule = o.schedule == "cosine" ? Schedule::kCosine : Schedule::kStep;
  }
  if (o.no_nesterov) r.nesterov = false;
  if (app.count("--crop-padding") > 0) {
    r.augmentation.crop_padding = o.given.augmentation.crop_padding;
  }
  if (o.no_flip) r.augmentation.flip = false;
  return r;
}

// With the files to write; the rest is to be filled in.
training::RunOptions files_of(const Options& o) {
  training::RunOptions files;
  files.out = o.out;
  files.state = o.state.empty() ? fs::path(o.out.string() + ".state") : o.state;
  files.log = o.log.empty() ? fs::path(o.out.string() + ".csv") : o.log;
  return files;
}

// Throws CLI::ParseError if the command line makes no sense: exit status 2, before any work.
void check_usage(const CLI::App& app, const Options& o) {
  const auto as_usage = [](const char* option, auto check) {
    try {
      check();
    } catch (const Error& error) {
      throw CLI::ValidationError(option, error.what());
    }
  };
  as_usage("--network", [&] { training::architecture_of(o.network, 10); });
  as_usage("--in", [&] {
    require(!is_noise(parse_dataset_spec(o.in_spec).kind),
            "noise has no classes to learn: give labelled images");
  });
  const training::RunOptions files = files_of(o);
  require_distinct({{"--out", files.out}, {"--state", files.state}, {"--log", files.log}},
                   {{"--in", parse_dataset_spec(o.in_spec).path}});
  const Recipe recipe = recipe_of(app, o);
  if (app.count("--warmup-epochs") == 0 && recipe.warmup_epochs > recipe.epochs) {
    throw CLI::ValidationError(
        "--epochs", fmt::format("{} is less than the {} in which the preset {} warms up: give "
                                "--warmup-epochs, too",
                                recipe.epochs, recipe.warmup_epochs, o.preset));
  }
  // A training that once began with them goes on.
  if (recipe.schedule == Schedule::kCosine && !o.resume) {
    for (const char* option : {"--milestones", "--decay"}) {
      if (app.count(option) == 0) continue;
      throw CLI::ValidationError(
          option, "it is for the step schedule, but the schedule is cosine: give --schedule step");
    }
  }
  as_usage("recipe", [&] { validate(recipe); });
  const auto positive = [](const std::vector<float>& values) {
    for (const float v : values) {
      if (!(v > 0 && v <= 1)) return false;
    }
    return true;
  };
  if (o.mean.size() == 2 || o.std.size() == 2) {
    throw CLI::ValidationError("--mean and --std", "take one value for grey, three for colour");
  }
  if (!positive(o.std)) throw CLI::ValidationError("--std", "must be above 0 and at most 1");
}

void add_recipe_options(CLI::App& app, Options& o) {
  Recipe& r = o.given;
  const auto option = [&](const char* name, auto& value, const char* text) {
    return app.add_option(name, value, text)->group("Recipe (each replaces the preset's)");
  };
  app.add_option("--preset", o.preset,
                 "densenet or wrn (the papers' recipes), or fast (30 epochs, cosine)")
      ->check(CLI::IsMember({"densenet", "wrn", "fast"}))
      ->capture_default_str();
  option("--epochs", r.epochs, "Number of epochs; may be a fraction");
  option("--half-size-epochs", r.half_size_epochs,
         "Number of first epochs that use images of half the size");
  option("--batch-size", r.batch_size, "Images per step")->check(whole_number(1, kMost));
  option("--rate", r.learning_rate, "Highest learning rate");
  option("--schedule", o.schedule, "step or cosine")->check(CLI::IsMember({"step", "cosine"}));
  option("--warmup-epochs", r.warmup_epochs, "Epochs in which the rate grows from zero");
  option("--milestones", r.milestones,
         "Milestones of the step schedule, as fractions of the epochs");
  option("--decay", r.decay, "Factor on the rate at each milestone");
  option("--momentum", r.momentum, "Momentum of the gradients");
  app.add_flag("--no-nesterov", o.no_nesterov, "Plain momentum instead of Nesterov's")
      ->group("Recipe (each replaces the preset's)");
  option("--weight-decay", r.weight_decay, "Weight decay of all parameters");
  option("--dropout", r.dropout, "Dropout rate");
  option("--crop-padding", r.augmentation.crop_padding,
         "Most pixels by which random crops shift; 0 for no crops")
      ->check(whole_number(0, kMost));
  app.add_flag("--no-flip", o.no_flip,
               "Do not mirror images, for sets where left and right differ (digits)")
      ->group("Recipe (each replaces the preset's)");
  option("--seed", r.seed, "Seed of parameters, order, augmentation and dropout")
      ->check(whole_number(0, std::numeric_limits<std::uint64_t>::max()));
}

void add_options(CLI::App& app, Options& o) {
  app.footer(kExamples);
  app.add_option("--network", o.network,
                 "densenet_bc_DEPTH, densenet_DEPTH (_kGROWTH) or wrn_DEPTH_WIDEN")
      ->capture_default_str();
  app.add_option(
         "--in", o.in_spec,
         "Labelled images: cifar10-train:DIR, cifar100-train:DIR, idx:FILE, svhn:FILE, npy:FILE or "
         "folder:DIR")
      ->required();
  app.add_option("--in-dataset", o.in_dataset,
                 "Name of the data set; a known name sets mean, deviation and class names");
  app.add_option("--mean", o.mean,
                 "Mean of each channel, for pixels in 0..1; default: the data set's, else measured")
      ->expected(1, 3)
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--std", o.std, "Standard deviation of each channel, likewise")->expected(1, 3);
  app.add_option("--held-out", o.held_out,
                 "Number of images to hold out and evaluate after every epoch: a random sample, "
                 "stratified by class")
      ->check(whole_number(0, kMost))
      ->capture_default_str();
  app.add_option("--held-out-seed", o.held_out_seed,
                 "Seed of that sample; --seed does not change it")
      ->check(whole_number(0, std::numeric_limits<std::uint64_t>::max()))
      ->capture_default_str();
  app.add_option("--image-size", o.image_size,
                 "Side of the images that the network takes; default: that of an idx: set, else 32")
      ->check(CLI::Range(ImageShape::kLeastSide, ImageShape::kMostSide));
  app.add_option("--channels", o.channels,
                 "3 for colour, 1 for grey; default: 1 for an idx: set, else 3")
      ->check(CLI::IsMember({1, 3}));
  add_fit_options(app, o.fit, "Images of another size than the network's");
  app.add_flag("--skip-bad-images", o.skip_bad_images,
               "Leave out images of a folder that cannot be read; default: list them and end");
  app.add_option("--out", o.out, "Checkpoint to write after every epoch")->required();
  app.add_option("--state", o.state,
                 "File from which an interrupted training resumes; default: OUT.state");
  app.add_option("--log", o.log, "CSV with one line per epoch; default: OUT.csv");
  app.add_option("--save-every", o.save_every, "Steps between saved states; default: one per epoch")
      ->check(whole_number(1, kMost));
  app.add_flag("--resume", o.resume,
               "Resume from the state; only --epochs and --half-size-epochs of the recipe may "
               "differ from before");
  add_device_options(app, o.device, "Machine");
  app.add_flag("--quiet", o.quiet, "Do not show progress");
  add_recipe_options(app, o);
  app.final_callback([&app, &o] { check_usage(app, o); });
}

// The known data set of these images, if any.
const InDataset* known_dataset(const Options& o) {
  if (!o.in_dataset.empty()) return find_in_dataset(o.in_dataset);
  switch (parse_dataset_spec(o.in_spec).kind) {
    case DatasetKind::kCifar10:
    case DatasetKind::kCifar10Training:
      return find_in_dataset("cifar10");
    case DatasetKind::kCifar100:
    case DatasetKind::kCifar100Training:
      return find_in_dataset("cifar100");
    default:
      return nullptr;
  }
}

// Fills in what the checkpoint says about the images.
void describe_images(const Options& o, const Dataset& dataset, const Dataset& trained,
                     Checkpoint& checkpoint) {
  const InDataset* known = known_dataset(o);
  checkpoint.in_dataset = known                   ? std::string(known->name)
                          : !o.in_dataset.empty() ? o.in_dataset
                                                  : dataset.name();
  checkpoint.class_names = {dataset.class_names().begin(), dataset.class_names().end()};
  if (known) {
    require(static_cast<int>(known->class_names.size()) == dataset.num_classes(),
            "{} has {} classes, but the labels of {} have {}", known->name,
            known->class_names.size(), dataset.name(), dataset.num_classes());
    training::name_classes(dataset, *known, !o.in_dataset.empty(), checkpoint);
  }
  const int channels = checkpoint.architecture.image.channels;
  const auto mean = known ? for_channels(known->mean, channels) : std::nullopt;
  const auto std = known ? for_channels(known->std, channels) : std::nullopt;
  if (mean && std) {
    checkpoint.mean = *mean;
    checkpoint.std = *std;
  } else if (o.mean.empty() || o.std.empty()) {
    training::measure_channels(trained, checkpoint);
  }
  if (!o.mean.empty()) checkpoint.mean = o.mean;
  if (!o.std.empty()) checkpoint.std = o.std;
  const auto require_channels = [&](const char* option, const std::vector<float>& values) {
    require(values.size() == static_cast<std::size_t>(channels),
            "{} takes a value for each channel: the images have {}, but {} given", option, channels,
            values.size() == 1 ? "1 is" : fmt::format("{} are", values.size()));
  };
  require_channels("--mean", checkpoint.mean);
  require_channels("--std", checkpoint.std);
}

int run(const CLI::App& app, const Options& o) {
  require_single_process();
  const Recipe recipe = recipe_of(app, o);
  const fs::path folder = o.out.parent_path();
  require(folder.empty() || is_folder(folder), "{} cannot be written: {} is not a folder",
          o.out.string(), folder.string());
  training::RunOptions options = files_of(o);
  for (const fs::path& file : {options.out, options.state, options.log}) require_writable(file);
  std::optional<training::TrainingState> state;
  if (o.resume) state = training::read_training_state(options.state);
  const ImageShape shape = training::shape_of_images(parse_dataset_spec(o.in_spec), o.channels,
                                                     o.image_size, state ? state->setup : "");
  const auto dataset = open_dataset(
      parse_dataset_spec(o.in_spec),
      {.shape = shape, .fit = o.fit, .folder = {.skip_bad_images = o.skip_bad_images}});
  for (const std::string& note : dataset->notes()) {
    std::fputs(printable_lines(fmt::format("{}: {}\n", o.in_spec, note)).c_str(), stderr);
  }
  training::require_classes(*dataset, o.in_spec);

  options.save_every = o.save_every;
  options.quiet = o.quiet;

  const bool last_images = state && training::holds_out_last_images(state->setup);
  const training::Split split =
      last_images
          ? training::last_images_split(dataset, o.held_out, recipe.batch_size)
          : training::stratified_split(dataset, o.held_out, o.held_out_seed, recipe.batch_size);
  if (last_images && !o.quiet) {
    std::fputs("the last images stay held out, as when this training began\n", stderr);
  }
  const training::HeldOut held_out{o.held_out,
                                   last_images ? std::nullopt : std::optional(o.held_out_seed)};
  Checkpoint checkpoint;
  checkpoint.architecture = training::architecture_of(o.network, dataset->num_classes());
  checkpoint.architecture.image = shape;
  describe_images(o, *dataset, *split.trained, checkpoint);
  options.setup = training::make_setup(checkpoint, split.trained->size(), held_out, recipe, o.fit);
  if (state) options.setup = training::resumed_setup(state->setup, options.setup, state->step);

  const auto backend = make_backend(o.device.device, o.device.options());
  checkpoint.source = fmt::format(
      "trained by train of ODIN {} ({}) on {} in {} with {} images of {}{}{}: {}", version(),
      library_versions(), backend->name(), o.device.precision, split.trained->size(),
      checkpoint.in_dataset, training::describe(o.fit, shape), training::describe(held_out),
      describe(recipe) + training::describe_history(options.setup));
  const auto load = [&](const Dataset& part) {
    return std::make_unique<training::ImageSet>(part, checkpoint.mean, checkpoint.std, *backend);
  };
  const auto images = load(*split.trained);
  const auto held_out_images = split.held_out ? load(*split.held_out) : nullptr;
  training::Trainer trainer(checkpoint.architecture, recipe, *images, *backend);
  training::run(trainer, held_out_images.get(), checkpoint, std::move(state), options);
  fmt::print("{}: {}\n", o.out.string(), name_of(checkpoint.architecture));
  return 0;
}

}  // namespace
}  // namespace odin

int main(int argc, char** argv) {
  CLI::App app(
      "Trains DenseNet or Wide ResNet from scratch on labelled images, and writes a checkpoint for "
      "odin_eval.",
      "train");
  odin::Options options;
  odin::add_options(app, options);
  return odin::run_program_main(app, argc, argv, [&] { return odin::run(app, options); });
}
