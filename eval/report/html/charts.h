// The pictures of a report's page, as SVG: curves, histograms, heat maps.
#pragma once

#include <string>
#include <string_view>

#include "eval/report/html/html_report.h"

namespace odin {

// `id` must be unique on the page, and no other id may begin with it. The style classes are those of
// html_style().

// TPR over FPR of every detector of the set, with a mark at a TPR of 95 %.
std::string roc_chart(const HtmlSet& set, std::string_view in_set, std::string_view id);

// The scores of one detector, in- and out-of-distribution, with the threshold that accepts 95 % of
// the former.
std::string histogram_chart(const HtmlDetector& detector, std::string_view in_set,
                            std::string_view out_set, std::string_view id);

// The quantity over temperature and magnitude, with a frame around the chosen cell. Throws Error if the
// values do not fit the grid.
std::string heat_map(const HtmlSearch& search, std::string_view id);

// The style class of the curve of detector number `index`.
std::string detector_style(std::size_t index);

}  // namespace odin
