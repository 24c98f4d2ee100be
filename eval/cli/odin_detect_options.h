// The command line of odin_detect.
#pragma once

#include <string>
#include <vector>

#include "eval/cli/device_options.h"
#include "eval/image/fit.h"

namespace CLI {
class App;
}

namespace odin {

struct DetectOptions {
  std::string detector;
  std::vector<std::string> paths;
  std::string watch;    // folder; empty for none
  std::string explain;  // likewise
  std::string report;   // likewise
  // kExact stands for the way that the detector was calibrated with.
  ImageFit fit = ImageFit::kExact;
  bool json = false;
  bool csv = false;
  DeviceChoice device;
  bool quiet = false;
};

// Makes `app` read a command line into `options`, which must outlive the parsing. Parsing a wrong
// command line throws CLI::ParseError.
void add_options(CLI::App& app, DetectOptions& options);

}  // namespace odin
