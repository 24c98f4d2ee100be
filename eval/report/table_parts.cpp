#include "eval/report/table_parts.h"

#include <algorithm>

#include "kernels/error.h"

namespace odin {

std::size_t PaperSources::number_of(const Detector& detector, const PublishedFigures& figures) {
  std::string source = figures.source;
  if (detector.uses_odin_parameters) {
    source += fmt::format(", T = {}, magnitude {}", figures.parameters.temperature,
                          figures.parameters.magnitude);
  }
  const auto found = std::ranges::find(sources_, source);
  if (found != sources_.end()) return static_cast<std::size_t>(found - sources_.begin()) + 1;
  sources_.push_back(std::move(source));
  return sources_.size();
}

std::string title_of(const Report& report) {
  return fmt::format("{}, in-distribution {} ({} images)", report.network, report.in_set,
                     report.in_images);
}

const ShortHeadings& short_headings(PositiveClass positive) {
  static constexpr ShortHeadings kInPositive{
      {{"FPR", "Det.", "", "AUPR", "AUPR"}, {"95%", "error", "AUROC", "In", "Out"}}};
  static constexpr ShortHeadings kOutPositive{
      {{"FPR", "Det.", "", "AUPR", "AUPR"}, {"Out+", "error", "AUROC", "In", "Out"}}};
  return positive == PositiveClass::kIn ? kInPositive : kOutPositive;
}

std::string percent_of(const Metrics* metrics, const MetricFigure& figure) {
  if (metrics == nullptr) return "-";
  const std::optional<double> value = figure.of(*metrics);
  return value ? fmt::format("{:.1f}", *value * 100) : "n/a";
}

std::vector<Note> notes_on(const PaperSources& sources) {
  std::vector<Note> notes;
  for (std::size_t i = 0; i < sources.all().size(); ++i) {
    notes.push_back({fmt::format("[{}] {}", i + 1, sources.all()[i])});
  }
  return notes;
}

std::vector<Note> notes_below(const Report& report, const PaperSources& sources) {
  std::vector<Note> notes;
  if (report.accuracy) {
    notes.push_back({fmt::format("Classification accuracy: {:.1f}%", *report.accuracy * 100)});
  }
  for (Note& note : notes_of(report)) notes.push_back(std::move(note));
  for (Note& note : notes_on(sources)) notes.push_back(std::move(note));
  return notes;
}

std::string markdown_escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (std::string_view("|\\*_`<[").find(c) != std::string_view::npos) result += '\\';
    result += c;
  }
  return result;
}

}  // namespace odin
