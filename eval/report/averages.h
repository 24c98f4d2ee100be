// The means over the sets at the foot of a table, as papers print them.
#pragma once

#include <optional>

#include "eval/report/report.h"

namespace odin {

// Each detector's figures and cost, averaged over the evaluated sets, each set alike, under the
// name "Average". A figure that is undefined for one set is undefined. Nothing where there are
// fewer than two sets.
std::optional<Evaluation> average_of(const Report& report);

}  // namespace odin
