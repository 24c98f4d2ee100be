#include "eval/benchmark/job_report.h"

#include <algorithm>

#include "eval/benchmark/score_ties.h"
#include "kernels/error.h"
#include "weights/files/printable.h"

namespace odin {
namespace {

// Why figures that were published under the network's name are not shown next to ours.
std::string note_on_another_network(const Job& job, const std::vector<Evaluation>& evaluations) {
  std::vector<std::string> sets;
  std::string source;
  for (const Evaluation& evaluation : evaluations) {
    for (const DetectorResult& result : evaluation.detectors) {
      if (!result.published || !result.published->another_network) continue;
      sets.push_back(evaluation.out_set);
      source = result.published->source;
    }
  }
  if (sets.empty()) return "";
  return fmt::format(
      "Published figures for {} of {} exist only of another network than the one that was released "
      "as {}, and are not shown: {}",
      job.in.display_name, fmt::join(sets, ", "), job.published_network, source);
}

// Whose figures stand below those of a network that was given by its file.
std::string note_on_training(const Job& job, const std::vector<Evaluation>& evaluations) {
  if (job.named) return "";
  for (const Evaluation& evaluation : evaluations) {
    if (std::ranges::none_of(evaluation.detectors, &DetectorResult::comparable)) continue;
    return fmt::format(
        "The published figures are of the authors' own training of a {} ({}), not of any other "
        "file",
        job.network_name, job.published_network);
  }
  return "";
}

}  // namespace

Report report_of(const Job& job, const BenchmarkResult& result,
                 const std::vector<SearchResult>& searches) {
  Report report;
  report.network = job.network_name;
  report.weights = job.weights.string();
  report.in_set = job.in.display_name;
  report.in_images = job.in.images->size();
  report.accuracy = result.accuracy;
  report.positive = result.positive;
  report.missing = job.missing;
  for (const SearchResult& search : searches) {
    if (search.failure.empty()) report.searches.push_back(search);
  }
  report.notes = job.notes;
  if (std::optional<std::string> ties = note_on_ties(job, result)) {
    report.notes.push_back(std::move(*ties));
  }
  report.skip = job.parts.skip;
  report.limit = job.parts.limit;
  report.seconds = result.seconds;
  report.images_per_second = static_cast<double>(result.images) / result.seconds;
  for (const TaskFailure& failure : result.failures) {
    report.failed.push_back(
        {job.tasks[failure.task].out.display_name, printable_lines(failure.reason)});
  }
  for (const TaskResult& done : result.tasks) {
    const BenchmarkTask& task = job.tasks[done.task];
    Evaluation evaluation = done.evaluation;
    for (DetectorResult& detector : evaluation.detectors) {
      // Published figures are of one convention.
      if (report.positive == PositiveClass::kOut) break;
      detector.published =
          published_figures(*job.benchmark, job.published_network, task.benchmark_name,
                            *detector.detector, task.parameters.magnitude);
    }
    report.evaluations.push_back(std::move(evaluation));
  }
  for (std::string note : {note_on_another_network(job, report.evaluations),
                           note_on_training(job, report.evaluations)}) {
    if (!note.empty()) report.notes.push_back(std::move(note));
  }
  return report;
}

}  // namespace odin
