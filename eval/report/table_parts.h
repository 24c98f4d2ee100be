// What the tables share: the title, headings, the sources of the paper's figures, the notes.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "eval/metrics/figures.h"
#include "eval/report/notes.h"
#include "eval/report/report.h"

namespace odin {

// The sources of the paper's figures, numbered from 1 in the order in which they are asked for.
class PaperSources {
 public:
  // The number of the source of a detector's figures.
  std::size_t number_of(const Detector& detector, const PublishedFigures& figures);
  // In the order of their numbers.
  const std::vector<std::string>& all() const { return sources_; }

 private:
  std::vector<std::string> sources_;
};

// "DenseNet-BC-100, in-distribution CIFAR-10 (9000 images)".
std::string title_of(const Report& report);

// The headings of the five figures, in two lines. "Out+": out-of-distribution is positive.
using ShortHeadings = std::array<std::array<std::string_view, kMetricFigures.size()>, 2>;
const ShortHeadings& short_headings(PositiveClass positive);

// "-" for no metrics, "n/a" for an undefined figure, else in percent.
std::string percent_of(const Metrics* metrics, const MetricFigure& figure);

// "[1] Liang, Li & Srikant, ...": a note for each source.
std::vector<Note> notes_on(const PaperSources& sources);

// The accuracy, the notes and the sources.
std::vector<Note> notes_below(const Report& report, const PaperSources& sources);

// What has a meaning in a Markdown table loses it.
std::string markdown_escaped(std::string_view text);

}  // namespace odin
