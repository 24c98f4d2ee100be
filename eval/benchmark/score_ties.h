// Scores that no threshold can tell apart.
#pragma once

#include <optional>
#include <string>

#include "eval/benchmark/job.h"

namespace odin {

// A sentence that names the sets of which more than 1 % of the baseline's scores are exactly 1, if
// there is one: a confident network's softmax leaves nothing of the other classes, and the figures
// then depend on how ties count.
std::optional<std::string> note_on_ties(const Job& job, const BenchmarkResult& result);

}  // namespace odin
