#include "eval/benchmark/job_html.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "eval/report/averages.h"
#include "eval/report/comparison.h"
#include "eval/report/notes.h"
#include "eval/report/plot_choice.h"
#include "kernels/error.h"

namespace odin {
namespace {

// Images at each end of a contact sheet.
constexpr std::size_t kSheetImages = 12;

std::string settings_of(const Detector& detector, const OdinParameters& p) {
  if (!detector.uses_odin_parameters) return settings_text(detector);
  return fmt::format("T = {}, magnitude {}", p.temperature, p.magnitude);
}

HtmlSet set_of(const Evaluation& evaluation, const TaskResult& task) {
  HtmlSet set{evaluation.out_set, evaluation.out_images, {}};
  for (std::size_t i = 0; i < evaluation.detectors.size(); ++i) {
    const DetectorResult& result = evaluation.detectors[i];
    HtmlDetector& detector = set.detectors.emplace_back();
    detector.name = result.detector->title;
    detector.settings = settings_of(result.tuned ? *result.tuned : *result.detector,
                                    {result.temperature, result.magnitude});
    detector.metrics = result.metrics;
    detector.intervals = result.intervals;
    if (result.comparable() != nullptr) detector.paper = result.comparable()->metrics;
    detector.in = task.scores[i].in;
    detector.out = task.scores[i].out;
    detector.milliseconds = result.milliseconds;
  }
  return set;
}

HtmlSearch search_of(const SearchResult& result) {
  HtmlSearch search;
  search.out_set = result.out_set;
  search.quantity = "FPR at TPR 95 % on the held-out images";
  search.temperatures = result.grid.temperatures;
  search.magnitudes = result.grid.magnitudes;
  for (const Metrics& cell : result.cells) {
    search.values.push_back(cell.fpr_at_tpr95.value_or(std::numeric_limits<double>::quiet_NaN()));
  }
  search.chosen_temperature = result.best / result.grid.magnitudes.size();
  search.chosen_magnitude = result.best % result.grid.magnitudes.size();
  return search;
}

std::string class_name(const Job& job, std::int32_t predicted) {
  const auto index = static_cast<std::size_t>(predicted);
  const std::vector<std::string>& names = job.checkpoint.class_names;
  return index < names.size() ? names[index] : fmt::format("class {}", predicted);
}

HtmlImage image_of(const Job& job, const Dataset& images, std::size_t index, double score,
                   std::int32_t predicted) {
  std::vector<float> pixels(static_cast<std::size_t>(images.shape().elements()));
  images.read(static_cast<std::int64_t>(index), 1, pixels.data());
  HtmlImage image{{}, score, class_name(job, predicted), images.shape()};
  for (const float value : pixels) {
    image.pixels.push_back(static_cast<std::uint8_t>(std::lround(value * 255)));
  }
  return image;
}

HtmlSheet sheet_of(const Job& job, const NamedDataset& set, const DetectorScores& detector,
                   bool in_distribution, const std::vector<std::int32_t>& predictions) {
  const std::vector<double>& scores = in_distribution ? detector.in : detector.out;
  const std::string settings = settings_of(*detector.detector, detector.parameters);
  const std::string_view title = detector.detector->title;
  HtmlSheet sheet{set.display_name,
                  settings.empty() ? std::string(title) : fmt::format("{}, {}", title, settings),
                  in_distribution,
                  {},
                  {}};
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return scores[i]; });
  const auto image = [&](std::size_t i) {
    return image_of(job, *set.images, i, scores[i], predictions[i]);
  };
  for (std::size_t i = 0; i < std::min(kSheetImages, order.size()); ++i) {
    sheet.most_suspicious.push_back(image(order[i]));
    sheet.least_suspicious.push_back(image(order[order.size() - 1 - i]));
  }
  return sheet;
}

std::vector<HtmlFact> facts_of(const Report& report) {
  return {{"Weights", report.weights},
          {"Metrics", std::string(name_of(report.method))},
          {"Held-out images",
           report.skip > 0 ? fmt::format("the first {} of each set", report.skip) : "none"},
          {"Most images read", fmt::format("{} of each set", report.limit)},
          {"Seed of the noise", fmt::format("{}", report.seed)},
          {"Device", report.device},
          {"Batch size", fmt::format("{}", report.batch_size)},
          {"Processes", fmt::format("{}", report.ranks)},
          {"Speed", fmt::format("{:.1f} images/s", report.images_per_second)}};
}

std::vector<HtmlRank> ranking_of(const std::vector<ComparedDetector>& compared,
                                 const std::vector<std::size_t>& shown) {
  std::vector<HtmlRank> ranking;
  for (const ComparedDetector& one : compared) {
    const bool is_shown = std::ranges::find(shown, one.index) != shown.end();
    ranking.push_back({one.index, one.rank, is_shown});
  }
  return ranking;
}

// Each citation once.
std::string citations_of(const Report& report) {
  std::vector<std::string> citations;
  for (const Evaluation& evaluation : report.evaluations) {
    for (const DetectorResult& result : evaluation.detectors) {
      const PublishedFigures* paper = result.comparable();
      if (paper == nullptr) continue;
      if (std::ranges::find(citations, paper->source) == citations.end()) {
        citations.push_back(paper->source);
      }
    }
  }
  return fmt::format("{}", fmt::join(citations, "; "));
}

}  // namespace

HtmlReport html_report_of(const Job& job, const BenchmarkResult& result, const Report& report,
                          std::span<const Detector* const> plotted) {
  HtmlReport page;
  page.network = report.network;
  page.in_set = report.in_set;
  page.in_images = report.in_images;
  page.accuracy = report.accuracy;
  page.paper = citations_of(report);
  page.facts = facts_of(report);
  for (std::size_t i = 0; i < result.tasks.size(); ++i) {
    page.sets.push_back(set_of(report.evaluations[i], result.tasks[i]));
  }
  page.positive = report.positive;
  const std::vector<ComparedDetector> compared = compared_detectors(report);
  const PlotChoice choice = plot_choice(compared, plotted);
  page.scatter = choice.scatter;
  if (has_many_detectors(report)) page.ranking = ranking_of(compared, choice.curves);
  if (const std::optional<Evaluation> average = average_of(report)) {
    HtmlSet& set = page.average.emplace();
    set.name = average->out_set;
    for (const DetectorResult& mean : average->detectors) {
      HtmlDetector& detector = set.detectors.emplace_back();
      detector.name = mean.detector->title;
      detector.metrics = mean.metrics;
      detector.milliseconds = mean.milliseconds;
    }
  }
  for (const MissingSet& set : report.missing) {
    page.missing.push_back({set.name, set.reason, set.command});
  }
  page.notes = report.notes;
  for (const FailedSet& set : report.failed) page.notes.push_back(sentence_on(set));
  for (const SearchResult& search : report.searches) {
    if (!search.cells.empty()) page.searches.push_back(search_of(search));
  }
  page.sheets.push_back(
      sheet_of(job, job.in, result.tasks.front().scores.back(), true, result.in_predictions));
  for (const TaskResult& done : result.tasks) {
    page.sheets.push_back(
        sheet_of(job, job.tasks[done.task].out, done.scores.back(), false, done.out_predictions));
  }
  return page;
}

}  // namespace odin
