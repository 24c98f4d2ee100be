// The pictures of a report's page, as SVG: curves, histograms, heat maps.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "eval/report/html/html_report.h"

namespace odin {

// `id` must be unique on the page, and no other id may begin with it. The style classes are those
// of html_style().

// The curve of one detector of a set.
struct DetectorCurve {
  std::size_t detector = 0;  // its index
  std::string style;         // classes of the style sheet
};

// TPR over FPR of these detectors of the set, with a mark at a TPR of 95 %.
std::string roc_chart(const HtmlSet& set, std::span<const DetectorCurve> shown,
                      std::string_view in_set, std::string_view id);

// The scores of one detector, in- and out-of-distribution, with the threshold that accepts 95 % of
// the former.
std::string histogram_chart(const HtmlDetector& detector, std::string_view in_set,
                            std::string_view out_set, std::string_view id);

// The scores of one detector over those of another, of images of both sets, with the thresholds
// that accept 95 % of the in-distribution images. At most kScatterPoints images of a set are drawn,
// evenly spaced in its order. Throws Error unless both detectors have scored as many images.
std::string scatter_chart(const HtmlDetector& x, const HtmlDetector& y, std::string_view in_set,
                          std::string_view out_set, std::string_view id);
inline constexpr std::size_t kScatterPoints = 500;

// The shares of all out-of-distribution images that detectors accept with these thresholds.
struct AcceptedByTwo {
  double both = 0;
  double only_x = 0;
  double only_y = 0;
};
AcceptedByTwo accepted_by_two(const HtmlDetector& x, const HtmlDetector& y);

// The quantity over temperature and magnitude, with a frame around the chosen cell. Throws Error if
// the values do not fit the grid.
std::string heat_map(const HtmlSearch& search, std::string_view id);

// The style classes of the curve of detector number `index`: 8 colours, then other dashes.
std::string detector_style(std::size_t index);

}  // namespace odin
