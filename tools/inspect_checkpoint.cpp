// inspect_checkpoint: prints what a checkpoint holds, as text or JSON, even if it is invalid.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include <CLI/App.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "eval/cli/program.h"
#include "nn/architecture.h"
#include "weights/checkpoint.h"
#include "weights/checkpoint_rules.h"
#include "weights/files/printable.h"

namespace odin {
namespace {

using Json = nlohmann::ordered_json;

// Long enough to show the sha256 at its end.
constexpr std::size_t kLongestSource = 1000;
constexpr std::size_t kLongestName = 200;

std::string shown(const std::string& text, std::size_t most = kLongestName) {
  return printable(text, most, Characters::kUtf8);
}

// An array and the range of its values: NaN if one of them is NaN or there is none.
struct Row {
  std::string name;
  Shape shape;
  double min = std::numeric_limits<double>::quiet_NaN();
  double max = std::numeric_limits<double>::quiet_NaN();
  double mean = std::numeric_limits<double>::quiet_NaN();

  template <class T>
  Row(const std::string& array, const Shape& extents, const std::vector<T>& values)
      : name(shown(array)), shape(extents) {
    if (values.empty()) return;
    double sum = 0;
    bool has_nan = false;
    for (const T value : values) {
      sum += value;
      has_nan = has_nan || value != value;
    }
    mean = sum / static_cast<double>(values.size());
    if (has_nan) return;
    const auto [least, most] = std::minmax_element(values.begin(), values.end());
    min = *least;
    max = *most;
  }
};

struct Table {
  std::vector<Row> rows;
  std::int64_t trainable = 0;   // number of weights, scales and shifts
  std::int64_t statistics = 0;  // number of running means and variances
  std::vector<Row> learnt;      // what the detector's score has learnt
};

// The parameters in the order in which the network uses them, then those that are not part of it.
Table tabulate(const Checkpoint& checkpoint) {
  Table table;
  std::set<std::string> known;
  for (const ParameterSpec& spec : parameter_specs(checkpoint.architecture)) {
    known.insert(spec.name);
    const auto entry = checkpoint.parameters.find(spec.name);
    if (entry == checkpoint.parameters.end()) continue;
    table.rows.emplace_back(spec.name, entry->second.shape, entry->second.values);
    (spec.trainable ? table.trainable : table.statistics) += entry->second.shape.numel();
  }
  for (const auto& [name, array] : checkpoint.parameters) {
    if (!known.contains(name)) table.rows.emplace_back(name, array.shape, array.values);
  }
  const auto add = [&](const auto& arrays) {
    for (const auto& [name, values] : arrays) {
      table.learnt.emplace_back(name, Shape{std::ssize(values)}, values);
    }
  };
  if (checkpoint.detector_fit) {
    add(checkpoint.detector_fit->numbers);
    add(checkpoint.detector_fit->features);
  }
  return table;
}

struct Hyperparameters {
  Json operator()(const DenseNetConfig& config) const {
    return {{"architecture", kDenseNetFamily},   {"depth", config.depth},
            {"growth_rate", config.growth_rate}, {"reduction", config.reduction},
            {"bottleneck", config.bottleneck},   {"num_classes", config.num_classes}};
  }
  Json operator()(const WideResNetConfig& config) const {
    return {{"architecture", kWideResNetFamily},
            {"depth", config.depth},
            {"widen_factor", config.widen_factor},
            {"num_classes", config.num_classes}};
  }
};

Json json_of(const std::vector<Row>& rows) {
  Json arrays = Json::array();
  for (const Row& row : rows) {
    Json shape = Json::array();
    for (int axis = 0; axis < row.shape.rank(); ++axis) shape.push_back(row.shape[axis]);
    // JSON has no infinities and NaN: they become null.
    arrays.push_back({{"name", row.name},
                      {"shape", shape},
                      {"min", row.min},
                      {"max", row.max},
                      {"mean", row.mean}});
  }
  return arrays;
}

// null for a checkpoint without a detector.
Json detector_json(const std::optional<DetectorSettings>& detector,
                   const std::vector<Row>& learnt) {
  if (!detector) return nullptr;
  const DetectorSettings& s = *detector;
  return {{"score", shown(s.score)},
          {"temperature", s.temperature},
          {"magnitude", s.magnitude},
          {"threshold", s.threshold},
          {"tpr", s.tpr},
          {"tpr_low", s.tpr_low},
          {"tpr_high", s.tpr_high},
          {"images", s.images},
          {"images_name", shown(s.images_name)},
          {"images_sha256", s.images_sha256},
          {"fit", shown(s.fit)},
          {"training_images", s.training_images},
          {"training_images_name", shown(s.training_images_name)},
          {"training_images_sha256", s.training_images_sha256},
          {"learnt", json_of(learnt)},
          {"magnitudes", s.magnitudes},
          {"mean_scores", s.mean_scores}};
}

Json to_json(const CheckpointInspection& inspection, const Table& table) {
  const Checkpoint& checkpoint = inspection.checkpoint;
  return {{"network", name_of(checkpoint.architecture)},
          {"image_channels", checkpoint.architecture.image.channels},
          {"image_size", checkpoint.architecture.image.side},
          {"hyperparameters", std::visit(Hyperparameters{}, checkpoint.architecture.family)},
          {"in_dataset", checkpoint.in_dataset},
          {"class_names", checkpoint.class_names},
          {"mean", checkpoint.mean},
          {"std", checkpoint.std},
          {"source", checkpoint.source},
          {"detector", detector_json(checkpoint.detector, table.learnt)},
          {"trainable_parameters", table.trainable},
          {"running_statistics", table.statistics},
          {"problems", inspection.problems},
          {"parameters", json_of(table.rows)}};
}

// 769162 as "769,162".
std::string grouped(std::int64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t end = digits.size(); end > 3;) digits.insert(end -= 3, ",");
  return digits;
}

void print_text(const CheckpointInspection& inspection, const Table& table) {
  const Checkpoint& checkpoint = inspection.checkpoint;
  const auto line = [](const char* what, const std::string& value) {
    fmt::print("{:<17}{}\n", what, value);
  };
  std::string hyperparameters;
  const Json values = std::visit(Hyperparameters{}, checkpoint.architecture.family);
  for (const auto& [name, value] : values.items()) {
    hyperparameters += fmt::format("{}{} {}", hyperparameters.empty() ? "" : ", ", name,
                                   value.is_string() ? value.get<std::string>() : value.dump());
  }
  std::vector<std::string> classes;
  for (const std::string& name : checkpoint.class_names) classes.push_back(shown(name));
  line("Network:", name_of(checkpoint.architecture));
  line("Described by:", hyperparameters);
  const ImageShape image = checkpoint.architecture.image;
  line("Images:", fmt::format("{} x {} x {}", image.channels, image.side, image.side));
  line("In-distribution:", shown(checkpoint.in_dataset));
  line("Classes:", classes.empty() ? "without names" : fmt::format("{}", fmt::join(classes, ", ")));
  line("Mean:", fmt::format("{}", fmt::join(checkpoint.mean, ", ")));
  line("Std:", fmt::format("{}", fmt::join(checkpoint.std, ", ")));
  line("Source:", shown(checkpoint.source, kLongestSource));
  if (const auto& detector = checkpoint.detector) {
    line("Detector:",
         fmt::format("{}, temperature {}, magnitude {}, threshold {}", shown(detector->score),
                     detector->temperature, detector->magnitude, detector->threshold));
    line("Accepts:", fmt::format("{:.1f} to {:.1f} % of in-distribution images, by {} of {}",
                                 100 * detector->tpr_low, 100 * detector->tpr_high,
                                 detector->images, shown(detector->images_name)));
    if (detector->training_images > 0) {
      line("Has learnt:",
           fmt::format("{} arrays, from {} training images of {}", table.learnt.size(),
                       detector->training_images, shown(detector->training_images_name)));
    }
  }
  line("Parameters:",
       fmt::format("{} trainable, {} running statistics, {} arrays", grouped(table.trainable),
                   grouped(table.statistics), table.rows.size()));
  std::size_t width = 4;
  for (const Row& row : table.rows) width = std::max(width, row.name.size());
  const auto print_rows = [&](const std::vector<Row>& rows) {
    for (const Row& row : rows) {
      fmt::print("{:<{}}  {:<19}{:>12.4g}{:>12.4g}{:>12.4g}\n", row.name, width,
                 row.shape.to_string(), row.min, row.max, row.mean);
    }
  };
  fmt::print("\n{:<{}}  {:<19}{:>12}{:>12}{:>12}\n", "Name", width, "Shape", "Min", "Max", "Mean");
  print_rows(table.rows);
  if (!table.learnt.empty()) fmt::print("\nLearnt by the detector:\n");
  print_rows(table.learnt);
  if (inspection.problems.empty()) return;
  fmt::print("\nWrong:\n");
  for (const std::string& problem : inspection.problems) fmt::print("  {}\n", problem);
}

int inspect(const std::filesystem::path& file, bool json) {
  const CheckpointInspection inspection = inspect_checkpoint(file);
  const Table table = tabulate(inspection.checkpoint);
  if (json) {
    fmt::print("{}\n",
               to_json(inspection, table).dump(2, ' ', false, Json::error_handler_t::replace));
  } else {
    print_text(inspection, table);
  }
  require_usable(file, inspection);
  return 0;
}

}  // namespace
}  // namespace odin

int main(int argc, char** argv) {
  CLI::App app(
      "Prints what a checkpoint holds: the network, the images that it was trained on, and each "
      "parameter's shape and range. If the file cannot be used, prints what can be read of it and "
      "exits with status 1.",
      "inspect_checkpoint");
  std::string file;
  bool json = false;
  app.add_option("FILE", file, "A checkpoint in our HDF5 format")->required();
  app.add_flag("--json", json, "Print one JSON object instead of text");
  return odin::run_program_main(app, argc, argv, [&] { return odin::inspect(file, json); });
}
