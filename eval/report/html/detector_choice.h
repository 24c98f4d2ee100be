// Which detectors' curves and histograms a page shows. Where they are many, its reader chooses.
#pragma once

#include <string>
#include <vector>

#include "eval/report/html/charts.h"
#include "eval/report/html/html_report.h"

namespace odin {

// The curves in their order: all detectors or, where they are many, by rank. The style of a curve
// is also that of whatever else belongs to the detector.
std::vector<DetectorCurve> curves_of(const HtmlReport& report);

// The classes of what the reader can hide of curve number `index`; empty where there is no choice.
std::string hidden_with(const HtmlReport& report, std::size_t index);

// What turns check boxes into a choice without a script: rules for the style sheet, and the boxes
// with their labels. What is chosen must follow in an element of the class "chosen", next to the
// boxes. Both are empty where there is no choice.
std::string choice_style(const HtmlReport& report);
std::string choice_boxes(const HtmlReport& report);

// The key of a curve in a legend.
std::string curve_key(const DetectorCurve& curve);

}  // namespace odin
