// The text, tables and images of a report's page.
#pragma once

#include <string>

#include "eval/report/html/html_report.h"

namespace odin {

// The network, the set and the other facts of the run, as a list of terms.
std::string description_list(const HtmlReport& report);

// The five metrics of every set and detector, and the missing sets. The anchor of a set's section
// is `set_anchor` and the number of the set, from 1.
std::string results_table(const HtmlReport& report, std::string_view set_anchor);

// For many detectors: a row for each in the order of the ranking, FPR and AUROC averaged and of
// each set, or all five metrics of the only set, and the cost if it is known.
std::string comparison_table(const HtmlReport& report, std::string_view set_anchor);

// The values of a search, temperatures down and magnitudes across.
std::string search_table(const HtmlSearch& search);

// The most and the least suspicious images of a set. Throws Error for an image that is not (3, 32,
// 32).
std::string contact_sheet(const HtmlSheet& sheet);

// The name in its own element, so that its writing direction does not affect the text after it.
std::string html_name(std::string_view name);

}  // namespace odin
