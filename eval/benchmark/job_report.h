// The report of a job, as plain data.
#pragma once

#include <vector>

#include "eval/benchmark/job.h"
#include "eval/report/report.h"

namespace odin {

// The job and its results, with the paper's figures for the authors' networks and sets. The caller
// adds the settings of the machine: device, batch size, threads, ranks, seed, metrics.
Report report_of(const Job& job, const BenchmarkResult& result,
                 const std::vector<SearchResult>& searches);

}  // namespace odin
