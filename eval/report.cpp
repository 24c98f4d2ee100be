#include "eval/report.h"

#include <array>
#include <iterator>
#include <string_view>

#include <nlohmann/json.hpp>

#include "eval/version.h"
#include "kernels/error.h"

namespace odin {
namespace {

// A figure of the metrics by its names in the table and in JSON.
struct Figure {
  std::string_view label;
  std::string_view key;
  std::optional<double> (*of)(const Metrics&);
};

using Value = std::optional<double>;
constexpr std::array<Figure, 5> kFigures{{
    {"FPR at TPR 95%:", "fpr_at_tpr95", [](const Metrics& m) { return m.fpr_at_tpr95; }},
    {"Detection error:", "detection_error",
     [](const Metrics& m) { return Value(m.detection_error); }},
    {"AUROC:", "auroc", [](const Metrics& m) { return Value(m.auroc); }},
    {"AUPR In:", "aupr_in", [](const Metrics& m) { return m.aupr_in; }},
    {"AUPR Out:", "aupr_out", [](const Metrics& m) { return m.aupr_out; }},
}};

std::string percent(Value value) {
  return value ? fmt::format("{:.1f}%", *value * 100) : "n/a";
}

// A line above or below the table: what, and its value.
void append_line(std::string& text, std::string_view label, std::string_view value) {
  fmt::format_to(std::back_inserter(text), "{:31}{:>22}\n", label, value);
}

// A line of the table: the columns of the release, the first one narrower than those after it.
template <class ValueOf>
void append_row(std::string& text, std::string_view label,
                const std::vector<DetectorResult>& detectors, const ValueOf& value_of) {
  fmt::format_to(std::back_inserter(text), "{:20}", label);
  int width = 14;
  for (const DetectorResult& detector : detectors) {
    fmt::format_to(std::back_inserter(text), "{:>{}}", value_of(detector), width);
    width = 19;
  }
  text += '\n';
}

// Whether no value of the figure could be had of some detector.
bool is_undefined(const Report& report, std::optional<double> Metrics::*figure) {
  for (const Evaluation& evaluation : report.evaluations) {
    for (const DetectorResult& detector : evaluation.detectors) {
      if (!(detector.metrics.*figure)) return true;
    }
  }
  return false;
}

}  // namespace

std::string to_text(const Report& report) {
  std::string text;
  for (const Evaluation& evaluation : report.evaluations) {
    if (!text.empty()) text += '\n';
    append_line(text, "Neural network architecture:", report.network);
    append_line(text, "In-distribution dataset:", report.in_set);
    append_line(text, "Out-of-distribution dataset:", evaluation.out_set);
    text += '\n';
    append_row(text, "", evaluation.detectors,
               [](const DetectorResult& detector) { return detector.heading; });
    for (const Figure& figure : kFigures) {
      append_row(text, figure.label, evaluation.detectors, [&](const DetectorResult& detector) {
        return percent(figure.of(detector.metrics));
      });
    }
  }
  if (report.accuracy) {
    text += '\n';
    append_line(text, "Classification accuracy:", percent(report.accuracy));
  }
  if (is_undefined(report, &Metrics::fpr_at_tpr95)) {
    text +=
        "\nFPR n/a: no threshold of the sweep accepts 94.95% to 95.05% of the in-distribution "
        "images;"
        " the exact metrics have no such gap.\n";
  }
  if (is_undefined(report, &Metrics::aupr_in) || is_undefined(report, &Metrics::aupr_out)) {
    text +=
        "\nAUPR n/a: every score lies outside the thresholds of the sweep; the exact metrics have "
        "no"
        " such bounds.\n";
  }
  return text;
}

std::string to_json(const Report& report) {
  using Json = nlohmann::ordered_json;
  const auto number_or_null = [](Value value) { return value ? Json(*value) : Json(nullptr); };

  Json evaluations = Json::array();
  for (const Evaluation& evaluation : report.evaluations) {
    Json detectors = Json::object();
    for (const DetectorResult& detector : evaluation.detectors) {
      Json& entry = detectors[detector.id];
      entry["temperature"] = detector.temperature;
      entry["magnitude"] = detector.magnitude;
      for (const Figure& figure : kFigures) {
        entry[std::string(figure.key)] = number_or_null(figure.of(detector.metrics));
      }
    }
    evaluations.push_back({{"out_set", evaluation.out_set},
                           {"out_images", evaluation.out_images},
                           {"detectors", std::move(detectors)}});
  }

  Json versions = report.versions;
  versions["odin"] = version();
  const Json json{
      {"network", report.network},
      {"weights", report.weights},
      {"in_set", report.in_set},
      {"in_images", report.in_images},
      {"accuracy", number_or_null(report.accuracy)},
      {"evaluations", std::move(evaluations)},
      {"settings",
       {{"metrics", name_of(report.method)},
        {"device", report.device},
        {"batch_size", report.batch_size},
        {"threads", report.threads},
        {"seed", report.seed},
        {"skip", report.skip},
        {"limit", report.limit}}},
      {"seconds", report.seconds},
      {"images_per_second", report.images_per_second},
      {"versions", std::move(versions)},
  };
  // A file name need not be UTF-8, JSON must be.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace odin
