// The command line of odin_eval.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "eval/benchmark/job_request.h"
#include "eval/cli/device_options.h"
#include "eval/metrics/metrics.h"
#include "eval/scoring/detectors/registry.h"

namespace CLI {
class App;
}

namespace odin {

// The name of a file that stands for standard output.
inline constexpr std::string_view kStandardOutput = "-";

// Everything on the command line.
struct EvalOptions {
  JobRequest job;
  std::vector<const Detector*> detectors = authors_detectors();
  MetricsMethod method = MetricsMethod::kExact;
  PositiveClass positive = PositiveClass::kIn;
  std::string search_dir = "odin_search";  // folder for the scores of a search
  std::string fit_dir = "odin_fits";       // folder for what detectors are fitted on

  DeviceChoice device;
  std::optional<int> gpu;
  std::int64_t batch_size = 0;

  // Files and folders to write; empty for none.
  std::string json;
  std::string csv;
  std::string markdown;
  std::string scores;
  std::string report;
  std::vector<const Detector*> plot;  // to be shown first on the page; none: as it chooses
  bool quiet = false;

  bool takes_standard_output() const {
    return json == kStandardOutput || csv == kStandardOutput || markdown == kStandardOutput;
  }
};

// Makes `app` read a command line into `options`, which must outlive the parsing. Parsing a wrong
// command line throws CLI::ParseError.
void add_options(CLI::App& app, EvalOptions& options);

}  // namespace odin
