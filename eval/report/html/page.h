// What every web page begins with.
#pragma once

#include <string>
#include <string_view>

namespace odin {

// From the document type to the end of the head. The title is escaped here; `style` follows the
// style sheet of all pages.
std::string html_head(std::string_view title, std::string_view style = {});

}  // namespace odin
