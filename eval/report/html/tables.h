// The parts of a report's page that are text and images rather than pictures drawn.
#pragma once

#include <string>

#include "eval/report/html/html_report.h"

namespace odin {

// The network, the set and the other facts of the run, as a list of terms.
std::string description_list(const HtmlReport& report);

// The five metrics of every set and detector, and the sets that are missing. `set_anchor` is what
// the anchors of the sets' sections begin with; the number of the set, from 1, follows.
std::string results_table(const HtmlReport& report, std::string_view set_anchor);

// The values of a search, temperatures down and magnitudes across.
std::string search_table(const HtmlSearch& search);

// The most and the least suspicious images of a set. Throws Error for an image of another size than
// (3, 32, 32).
std::string contact_sheet(const HtmlSheet& sheet);

// The name in an element of its own, so that its writing direction cannot disturb what follows.
std::string html_name(std::string_view name);

}  // namespace odin
