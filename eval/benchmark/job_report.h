// The report of a job, as plain data.
#pragma once

#include <vector>

#include "eval/benchmark/job.h"
#include "eval/report/report.h"

namespace odin {

// What the job was and what it came to, with the paper's figures where the network and a set are of
// the release. The settings of the machine (device, batch size, threads, ranks, seed, metrics) are
// left to the caller.
Report report_of(const Job& job, const BenchmarkResult& result,
                 const std::vector<SearchResult>& searches);

}  // namespace odin
