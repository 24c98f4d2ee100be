// The pictures of a report's page, as SVG: curves, histograms, heat maps.
#pragma once

#include <string>
#include <string_view>

#include "eval/report/html/html_report.h"

namespace odin {

// `id` is one that nothing else on the page has or begins with. The classes that they use are those
// of html_style().

// TPR over FPR of every detector of the set, marked where TPR is 95 %.
std::string roc_chart(const HtmlSet& set, std::string_view in_set, std::string_view id);

// The scores of one detector, in- and out-of-distribution, with the threshold that accepts 95 % of
// the former.
std::string histogram_chart(const HtmlDetector& detector, std::string_view in_set,
                            std::string_view out_set, std::string_view id);

// The quantity over temperature and magnitude, the chosen cell framed. Throws Error where the values
// do not fit the grid.
std::string heat_map(const HtmlSearch& search, std::string_view id);

// How the page tells the detectors of a set apart: the class of the curve of number `index`.
std::string detector_style(std::size_t index);

}  // namespace odin
