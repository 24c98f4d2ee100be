#include "eval/cli/odin_detect_options.h"

#include <CLI/App.hpp>

#include "eval/cli/fit_options.h"

namespace odin {
namespace {

constexpr const char* kExamples = R"(Examples:
  odin_detect --detector detector.h5 photo.jpg
  odin_detect --detector detector.h5 --resize --csv photos > verdicts.csv
  find . -name '*.png' -newer last | odin_detect --detector detector.h5 --json -
  odin_detect --detector detector.h5 --explain why --watch incoming

The exit status is 0 if every image was judged, in or out of distribution, and 1 if one could not be read.)";

}  // namespace

void add_options(CLI::App& app, DetectOptions& o) {
  app.footer(kExamples);

  const char* group = "Detector";
  app.add_option("--detector", o.detector, "The file that odin_calibrate wrote")
      ->required()
      ->type_name("FILE")
      ->group(group);

  group = "Images";
  app.add_option("path", o.paths,
                 "An image, or a folder for all pictures in it and below, or - for names from "
                 "standard input, one a line")
      ->type_name("PATH...")
      ->group(group);
  app.add_option("--watch", o.watch,
                 "After these, judge the images that are written into this folder or moved there, "
                 "until SIGINT (Ctrl-C) or SIGTERM")
      ->type_name("DIR")
      ->group(group);
  add_fit_options(app, o.fit,
                  "Images of another size than the network's; default: as for the calibration");

  group = "Output";
  auto* json = app.add_flag("--json", o.json, "One JSON object a line")->group(group);
  app.add_flag("--csv", o.csv, "CSV with a line of names")->excludes(json)->group(group);
  app.add_option("--explain", o.explain,
                 "Write a PNG for each image into this folder: the image, the sign of its "
                 "gradient, the perturbed image")
      ->type_name("DIR")
      ->group(group);
  app.add_option(
         "--report", o.report,
         "Write index.html into this folder: the images with their verdicts, at most a thousand")
      ->type_name("DIR")
      ->group(group);
  app.add_flag("--quiet", o.quiet, "Do not write the summary")->group(group);

  add_device_options(app, o.device, "Machine");

  app.final_callback([&o] {
    if (o.paths.empty() && o.watch.empty()) {
      throw CLI::ValidationError(
          "nothing to judge: give images or folders, - for names from standard input, or --watch");
    }
  });
}

}  // namespace odin
