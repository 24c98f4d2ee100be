#include <nlohmann/json.hpp>

#include "eval/metrics/figures.h"
#include "eval/report/averages.h"
#include "eval/report/comparison.h"
#include "eval/report/report.h"
#include "eval/report/version.h"

namespace odin {
namespace {

using Json = nlohmann::ordered_json;

Json number_or_null(std::optional<double> value) {
  return value ? Json(*value) : Json(nullptr);
}

Json pair_or_null(const std::optional<Interval>& interval) {
  return interval ? Json::array({interval->low, interval->high}) : Json(nullptr);
}

void add_metrics(Json& entry, const Metrics& metrics, PositiveClass positive = PositiveClass::kIn) {
  for (const MetricFigure& figure : metric_figures(positive)) {
    entry[std::string(figure.key)] = number_or_null(figure.of(metrics));
  }
}

Json json_of(const DetectorResult& result, PositiveClass positive) {
  Json entry{{"source", result.detector->paper},
             {"temperature", result.temperature},
             {"magnitude", result.magnitude}};
  add_metrics(entry, result.metrics, positive);
  const std::string_view fpr = metric_figures(positive)[0].key;
  entry[fmt::format("{}_ci95", fpr)] = pair_or_null(result.intervals.fpr_at_tpr95);
  entry["auroc_ci95"] = pair_or_null(result.intervals.auroc);
  if (result.sweep) {
    Json sweep = Json::object();
    add_metrics(sweep, *result.sweep);
    entry["threshold_sweep"] = std::move(sweep);
  }
  if (result.published) {
    Json paper{{"source", result.published->source}, {"edition", result.published->edition}};
    if (result.published->another_network) paper["another_network"] = true;
    if (result.detector->uses_odin_parameters) {
      paper["temperature"] = result.published->parameters.temperature;
      paper["magnitude"] = result.published->parameters.magnitude;
    }
    add_metrics(paper, result.published->metrics);
    entry["paper"] = std::move(paper);
  }
  return entry;
}

Json json_of(const Evaluation& evaluation, PositiveClass positive) {
  Json detectors = Json::object();
  for (const DetectorResult& result : evaluation.detectors) {
    detectors[std::string(result.detector->name)] = json_of(result, positive);
  }
  return {{"out_set", evaluation.out_set},
          {"out_images", evaluation.out_images},
          {"detectors", std::move(detectors)}};
}

Json json_of(const MissingSet& set) {
  return {{"out_set", set.name}, {"reason", set.reason}, {"command", set.command}};
}

Json json_of(const FailedSet& set) {
  return {{"out_set", set.name}, {"reason", set.reason}};
}

Json json_of(const OptionSearch& search) {
  Json tried = Json::array();
  for (std::size_t i = 0; i < search.tried.size(); ++i) {
    Json one{{"score", search.tried[i]->name}};
    add_metrics(one, search.results[i]);
    tried.push_back(std::move(one));
  }
  return {{"chosen", search.chosen().name}, {"tried", std::move(tried)}};
}

Json json_of(const SearchResult& search) {
  Json object{{"tuned_on", search.out_set},
              {"in_images", search.in_images},
              {"out_images", search.out_images}};
  if (!search.cells.empty()) {
    const std::vector<OdinParameters> parameters = cells_of(search.grid);
    Json cells = Json::array();
    for (std::size_t i = 0; i < search.cells.size(); ++i) {
      Json cell{{"temperature", parameters[i].temperature}, {"magnitude", parameters[i].magnitude}};
      add_metrics(cell, search.cells[i]);
      cells.push_back(std::move(cell));
    }
    const OdinParameters chosen = search.chosen();
    object["chosen"] = {{"temperature", chosen.temperature}, {"magnitude", chosen.magnitude}};
    object["cells"] = std::move(cells);
  }
  if (!search.options.empty()) {
    Json options = Json::object();
    for (const OptionSearch& one : search.options) {
      options[std::string(one.detector->name)] = json_of(one);
    }
    object["options"] = std::move(options);
  }
  return object;
}

// The averages: figures only.
Json json_of_average(const Report& report) {
  const std::optional<Evaluation> average = average_of(report);
  if (!average) return nullptr;
  Json detectors = Json::object();
  for (const DetectorResult& result : average->detectors) {
    Json figures = Json::object();
    add_metrics(figures, result.metrics, report.positive);
    detectors[std::string(result.detector->name)] = std::move(figures);
  }
  return detectors;
}

// The detectors' places by average AUROC, the best first.
Json json_of_ranks(const std::vector<ComparedDetector>& detectors) {
  Json ranks = Json::object();
  for (const ComparedDetector& one : detectors) ranks[std::string(one.detector->name)] = one.rank;
  return ranks;
}

// What each detector costs. It stands apart from the figures because it differs from run to run.
Json json_of_costs(const std::vector<ComparedDetector>& detectors) {
  Json costs = Json::object();
  for (const ComparedDetector& one : detectors) {
    if (one.milliseconds) costs[std::string(one.detector->name)] = *one.milliseconds;
  }
  return costs;
}

template <class Entries>
Json list_of(const Entries& entries) {
  Json list = Json::array();
  for (const auto& entry : entries) list.push_back(json_of(entry));
  return list;
}

}  // namespace

std::string to_json(const Report& report) {
  Json evaluations = Json::array();
  for (const Evaluation& evaluation : report.evaluations) {
    evaluations.push_back(json_of(evaluation, report.positive));
  }
  const std::vector<ComparedDetector> detectors = compared_detectors(report);
  const Json json{
      {"network", report.network},
      {"weights", report.weights},
      {"in_set", report.in_set},
      {"in_images", report.in_images},
      {"accuracy", number_or_null(report.accuracy)},
      {"evaluations", std::move(evaluations)},
      {"average", json_of_average(report)},
      {"ranks", json_of_ranks(detectors)},
      {"missing", list_of(report.missing)},
      {"failed", list_of(report.failed)},
      {"searches", list_of(report.searches)},
      {"notes", report.notes},
      {"settings",
       {{"metrics", name_of(report.method)},
        {"positive", name_of(report.positive)},
        {"device", report.device},
        {"batch_size", report.batch_size},
        {"threads", report.threads},
        {"ranks", report.ranks},
        {"seed", report.seed},
        {"skip", report.skip},
        {"limit", report.limit}}},
      {"seconds", report.seconds},
      {"images_per_second", report.images_per_second},
      {"milliseconds_per_image", json_of_costs(detectors)},
      {"versions", {{"odin", version()}}},
  };
  // JSON must be UTF-8, but a file name need not be.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace odin
