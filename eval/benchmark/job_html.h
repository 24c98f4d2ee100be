// The web page of a job.
#pragma once

#include <span>

#include "eval/benchmark/job.h"
#include "eval/report/html/html_report.h"
#include "eval/report/report.h"

namespace odin {

// `report` is report_of() the same job and result, with the settings of the machine filled in.
// `result` must outlive the page, which refers to its scores. The contact sheets read images again:
// the least and the most suspicious ones of every set, by the score of the last detector. `plotted`
// are the detectors to show first where they are many, and the two to draw against each other;
// none: as plot_choice() (eval/report/plot_choice.h) chooses.
HtmlReport html_report_of(const Job& job, const BenchmarkResult& result, const Report& report,
                          std::span<const Detector* const> plotted = {});

}  // namespace odin
