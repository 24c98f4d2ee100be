#include "eval/report/notes.h"

#include "eval/report/columns.h"
#include "eval/scoring/detectors/registry.h"
#include "kernels/error.h"

namespace odin {
namespace {

Note note_on(const SearchResult& search) {
  std::vector<std::string> choices;
  if (!search.cells.empty()) {
    const OdinParameters chosen = search.chosen();
    choices.push_back(fmt::format("temperature {}, magnitude {} (FPR at TPR 95% there: {:.1f}%)",
                                  chosen.temperature, chosen.magnitude,
                                  search.cells[search.best].fpr_at_tpr95.value_or(0) * 100));
  }
  for (const OptionSearch& one : search.options) {
    choices.push_back(fmt::format("{} {} ({:.1f}%)", one.detector->title,
                                  settings_text(one.chosen()),
                                  one.results[one.best].fpr_at_tpr95.value_or(0) * 100));
  }
  return {fmt::format("Tuned on {} images of the in-distribution set and {} of {}: {}",
                      search.in_images, search.out_images, search.out_set,
                      fmt::join(choices, "; "))};
}

Note note_on(const MissingSet& missing) {
  std::string sentence = fmt::format("Missing: {}: {}", missing.name, missing.reason);
  if (!missing.command.empty()) sentence += "; fetch it:";
  return {std::move(sentence), missing.command};
}

// How many images of each set were scored, and which.
Note note_on_images(const Report& report) {
  std::string counts = fmt::format("{} of {}", report.in_images, report.in_set);
  for (const Evaluation& evaluation : report.evaluations) {
    counts += fmt::format(", {} of {}", evaluation.out_images, evaluation.out_set);
  }
  const std::string held_out =
      report.skip > 0
          ? fmt::format("The first {} of each set are held out, and at most", report.skip)
          : "Of each set at most";
  return {fmt::format("Images scored: {}. {} {} are read", counts, held_out, report.limit)};
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

std::string Note::in_one_line() const {
  return command.empty() ? sentence : fmt::format("{} {}", sentence, command);
}

std::string Note::broken(int columns) const {
  const std::string lines = wrapped(sentence, columns, 2);
  return command.empty() ? lines : fmt::format("{}\n  {}", lines, command);
}

std::string Note::in(std::optional<int> columns) const {
  std::string line = in_one_line();
  return !columns || columns_of(line) <= *columns ? line : broken(*columns);
}

std::string sentence_on(const FailedSet& set) {
  return fmt::format("Failed: {}: {}", set.name, set.reason);
}

std::vector<Note> notes_of(const Report& report) {
  std::vector<Note> notes;
  if (!report.evaluations.empty()) notes.push_back(note_on_images(report));
  if (report.positive == PositiveClass::kOut) {
    notes.push_back(
        {"FPR with out-of-distribution as the positive class (--positive out): the share of "
         "in-distribution images that a threshold takes for out-of-distribution which finds 95% of "
         "the out-of-distribution images. It is not the FPR of the ODIN paper"});
  }
  for (const std::string& sentence : report.notes) notes.push_back({sentence});
  for (const SearchResult& search : report.searches) notes.push_back(note_on(search));
  for (const MissingSet& missing : report.missing) notes.push_back(note_on(missing));
  for (const FailedSet& set : report.failed) notes.push_back({sentence_on(set)});
  if (is_undefined(report, &Metrics::fpr_at_tpr95)) {
    notes.push_back(
        {"FPR n/a: no threshold of the sweep accepts 94.95% to 95.05% of the in-distribution "
         "images. The exact metrics have no such gap."});
  }
  if (is_undefined(report, &Metrics::aupr_in) || is_undefined(report, &Metrics::aupr_out)) {
    notes.push_back(
        {"AUPR n/a: all scores are outside the thresholds of the sweep. The exact metrics have no "
         "such bounds."});
  }
  return notes;
}

}  // namespace odin
