// The notes below the figures of a report.
#pragma once

#include <string>
#include <vector>

#include "eval/report/report.h"

namespace odin {

// The report's own notes, then a sentence for each search, each missing set and each kind of undefined
// figure.
std::vector<std::string> notes_of(const Report& report);

}  // namespace odin
