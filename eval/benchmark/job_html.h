// What the web page of a job shows.
#pragma once

#include "eval/benchmark/job.h"
#include "eval/report/html/html_report.h"
#include "eval/report/report.h"

namespace odin {

// `report` is report_of() the same job and result, with the settings of the machine filled in. The
// page refers to the scores in `result`, which must outlive it. Images are read again for the
// contact sheets: the least and the most suspicious ones of every set by the last of the detectors.
HtmlReport html_report_of(const Job& job, const BenchmarkResult& result, const Report& report);

}  // namespace odin
