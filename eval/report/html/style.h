// How a report's page looks: light and dark, wide and narrow, on screen and paper.
#pragma once

#include <string_view>

namespace odin {

// The style sheet.
std::string_view html_style();

// What charts refer to: an element of HTML to stand once on the page, before them.
std::string_view svg_definitions();

}  // namespace odin
