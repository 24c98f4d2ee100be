// convert_checkpoint: turns a network of PyTorch or safetensors into our own checkpoint.
#include <filesystem>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "eval/cli/output_paths.h"
#include "eval/cli/program.h"
#include "kernels/error.h"
#include "tools/conversion/infer_architecture.h"
#include "tools/conversion/input_description.h"
#include "tools/conversion/network_file.h"
#include "tools/conversion/parameter_names.h"
#include "tools/in_datasets.h"
#include "weights/checkpoint.h"
#include "weights/files/atomic_file.h"
#include "weights/files/file_kind.h"
#include "weights/files/printable.h"

namespace odin {
namespace {

namespace fs = std::filesystem;

struct Options {
  fs::path input;
  fs::path output;
  pytorch::InputDescription inputs;
  int image_size = 32;
  fs::path class_names;
  std::string key;
  bool strict = false;
  bool list = false;
};

constexpr const char* kExamples = R"(examples:
  convert_checkpoint densenet10.pth densenet10.h5 --in-dataset cifar10
  convert_checkpoint wideresnet100.pth.tar.gz wideresnet100.h5 --in-dataset cifar100
  convert_checkpoint mine.pth mine.h5 --in-dataset svhn --mean 0.44 0.44 0.47 --std 0.2 0.2 0.2
  convert_checkpoint mine.safetensors mine.h5 --in-dataset cifar10
  convert_checkpoint mine.pth mine.h5 --in-dataset mnist --image-size 28 --mean 0.1307 --std 0.3081
  convert_checkpoint mine.pth --list
  convert_checkpoint mine.pth mine.h5 --in-dataset cifar10 --key state_dict_ema)";

std::string known_names() {
  std::string names;
  for (const InDataset& dataset : known_in_datasets()) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ", dataset.name);
  }
  return names;
}

// Throws CLI::ParseError if something is missing from the command line.
void check_usage(const Options& options) {
  if (options.list) return;
  if (options.inputs.mean.size() == 2 || options.inputs.std.size() == 2) {
    throw CLI::ValidationError("--mean and --std", "take one value for grey, three for colour");
  }
  if (options.output.empty()) throw CLI::RequiredError("OUTPUT (or --list)");
  require_distinct({{"OUTPUT", options.output}},
                   {{"INPUT", options.input}, {"--class-names", options.class_names}});
  if (options.inputs.in_dataset.empty()) throw CLI::RequiredError("--in-dataset");
  const bool known = find_in_dataset(options.inputs.in_dataset) != nullptr;
  if (!known && (options.inputs.mean.empty() || options.inputs.std.empty())) {
    throw CLI::ValidationError("--in-dataset",
                               fmt::format("{} is not one of {}, so --mean and --std are needed",
                                           printable(options.inputs.in_dataset), known_names()));
  }
}

void add_options(CLI::App& app, Options& options) {
  app.footer(kExamples);
  app.add_option(
         "INPUT", options.input,
         "file that torch.save wrote, of any PyTorch version, or safetensors file, gzipped or not")
      ->required();
  app.add_option("OUTPUT", options.output, "the HDF5 checkpoint to write");
  app.add_option("--in-dataset", options.inputs.in_dataset,
                 fmt::format("data set that the network was trained on: {}, or another name with "
                             "--mean and --std",
                             known_names()));
  app.add_option("--mean", options.inputs.mean,
                 "mean of each channel, for normalising inputs (pixels in 0..1)")
      ->expected(1, 3);
  app.add_option("--std", options.inputs.std, "standard deviation of each channel, for the same")
      ->expected(1, 3);
  app.add_option("--image-size", options.image_size,
                 "side of the images that the network takes; its tensors tell the channels only")
      ->check(CLI::Range(ImageShape::kLeastSide, ImageShape::kMostSide))
      ->capture_default_str();
  app.add_option("--class-names", options.class_names, "text file with one class name per line");
  app.add_option(
      "--key", options.key,
      "which network, where INPUT holds several: the keys that lead to it, joined with dots; the "
      "last ones may be left out where only one network lies below");
  app.add_flag("--strict", options.strict,
               "refuse tensors that are no part of the network, which are ignored otherwise");
  app.add_flag("--list", options.list, "print what the input holds, without converting it");
  app.final_callback([&options] { check_usage(options); });
}

std::vector<std::string> class_names_in(const fs::path& file, const Architecture& architecture) {
  std::vector<std::string> names = InputFile(file).lines();
  require(names.size() == static_cast<std::size_t>(num_classes(architecture)),
          "{} has {} lines, but the network has {} classes", file.string(), names.size(),
          num_classes(architecture));
  return names;
}

void convert(const SharedSource& bytes, const Options& options) {
  require_writable(options.output);
  const pytorch::NetworkFile file(bytes, options.key);
  Checkpoint checkpoint;
  checkpoint.architecture = file.architecture();
  checkpoint.architecture.image.side = options.image_size;
  const std::string beside = pytorch::tensors_beside(file.naming());
  require(beside.empty() || !options.strict, "it holds {}", beside);
  pytorch::InputDescription inputs = options.inputs;
  if (!options.class_names.empty()) {
    inputs.class_names = class_names_in(options.class_names, checkpoint.architecture);
  }
  pytorch::describe_inputs(inputs, checkpoint);
  checkpoint.source =
      fmt::format("converted from {} in a {}, {}, sha256 {}", file.network().kind, file.container(),
                  options.input.filename().string(), sha256(*bytes));
  checkpoint.parameters = file.parameters();
  std::size_t count = 0;
  for (const auto& [name, array] : checkpoint.parameters) count += array.values.size();
  write_checkpoint(checkpoint, options.output);
  fmt::print("{}: {}, {} numbers, from {} in a {}\n", options.output.string(),
             pytorch::describe(checkpoint.architecture), count, file.network().kind,
             file.container());
  if (inputs.mean.empty() || inputs.std.empty()) {
    fmt::print(
        "Images are normalised with the mean {:.4g} and the deviation {:.4g}, as {} often is: give "
        "--mean and --std if the network was trained with others.\n",
        fmt::join(checkpoint.mean, ", "), fmt::join(checkpoint.std, ", "), checkpoint.in_dataset);
  }
  if (!beside.empty()) fmt::print("Ignored {}. --strict refuses such files.\n", beside);
}

void list(const SharedSource& bytes, const Options& options) {
  const pytorch::NetworkFile file(bytes, options.key);
  fmt::print("container: {}\nholds:     {}\n", file.container(), file.network().kind);
  try {
    fmt::print("network:   {}\n", pytorch::describe(file.architecture()));
    const std::string beside = pytorch::tensors_beside(file.naming());
    if (!beside.empty()) fmt::print("beside it: {}\n", beside);
  } catch (const Error& error) {
    fmt::print("network:   not one of ours: {}\n", error.what());
  }
  fmt::print("tensors:   {}\n", file.network().tensors.size());
  for (const auto& [name, tensor] : file.network().tensors) {
    const bool stored = tensor.storage != nullptr;
    const std::string place = stored ? printable(tensor.storage->location) : "";
    fmt::print("  {} {} {}{}{}\n", printable(name), pytorch::shape_text(tensor.shape),
               stored ? tensor.storage->type->name : "empty", place.empty() ? "" : " ", place);
  }
  if (!file.network().others.empty()) fmt::print("saved with it:\n");
  for (const auto& [key, value] : file.network().others) fmt::print("  {}: {}\n", key, value);
}

int run(const Options& options) {
  require_no_folder(options.input);
  const SharedSource bytes = in_file(InputFile(options.input));
  try {
    if (const auto named = recognise_by_name(options.input, *bytes)) fail("{}", *named);
    options.list ? list(bytes, options) : convert(bytes, options);
  } catch (const Error& error) {
    fail("{}: {}", options.input.string(), error.what());
  }
  return 0;
}

}  // namespace
}  // namespace odin

int main(int argc, char** argv) {
  CLI::App app(
      "Converts a network that PyTorch or safetensors saved into our HDF5 checkpoint. The input is "
      "read as data: it is not trusted, nothing in it is run, and PyTorch is not needed.",
      "convert_checkpoint");
  odin::Options options;
  odin::add_options(app, options);
  return odin::run_program_main(app, argc, argv, [&] { return odin::run(options); });
}
