// The table with a row for each detector.
#pragma once

#include <string>

#include "eval/report/report.h"

namespace odin {

// to_detector_table() as a GitHub Markdown table, with the best of each column in bold.
std::string detector_markdown(const Report& report);

}  // namespace odin
