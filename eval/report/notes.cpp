#include "eval/report/notes.h"

#include "kernels/error.h"

namespace odin {
namespace {

std::string note_on(const SearchResult& search) {
  const OdinParameters chosen = search.chosen();
  return fmt::format(
      "Tuned on {} images of the in-distribution set and {} of {}: temperature {}, magnitude {} "
      "(FPR at TPR 95% there: {:.1f}%)",
      search.in_images, search.out_images, search.out_set, chosen.temperature, chosen.magnitude,
      search.cells[search.best].fpr_at_tpr95.value_or(0) * 100);
}

std::string note_on(const MissingSet& missing) {
  const std::string note = fmt::format("Missing: {}: {}", missing.name, missing.reason);
  return missing.command.empty() ? note : fmt::format("{}; fetch it: {}", note, missing.command);
}

// Whether the figure is undefined for some detector.
bool is_undefined(const Report& report, std::optional<double> Metrics::*figure) {
  for (const Evaluation& evaluation : report.evaluations) {
    for (const DetectorResult& result : evaluation.detectors) {
      if (!(result.metrics.*figure)) return true;
    }
  }
  return false;
}

}  // namespace

std::vector<std::string> notes_of(const Report& report) {
  std::vector<std::string> notes = report.notes;
  for (const SearchResult& search : report.searches) notes.push_back(note_on(search));
  for (const MissingSet& missing : report.missing) notes.push_back(note_on(missing));
  if (is_undefined(report, &Metrics::fpr_at_tpr95)) {
    notes.emplace_back(
        "FPR n/a: no threshold of the sweep accepts 94.95% to 95.05% of the in-distribution "
        "images. The exact metrics have no such gap.");
  }
  if (is_undefined(report, &Metrics::aupr_in) || is_undefined(report, &Metrics::aupr_out)) {
    notes.emplace_back(
        "AUPR n/a: all scores are outside the thresholds of the sweep. The exact metrics have no "
        "such "
        "bounds.");
  }
  return notes;
}

}  // namespace odin
