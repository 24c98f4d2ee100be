// What a report says below its figures.
#pragma once

#include <string>
#include <vector>

#include "eval/report/report.h"

namespace odin {

// A sentence for each search, for each missing set, and for each kind of figure that is undefined.
std::vector<std::string> notes_of(const Report& report);

}  // namespace odin
