// The look of a report's page: light and dark, wide and narrow, on screen and paper.
#pragma once

#include <string_view>

namespace odin {

// The style sheet.
std::string_view html_style();

// Definitions that charts refer to: an HTML element that must be on the page once, before the
// charts.
std::string_view svg_definitions();

}  // namespace odin
