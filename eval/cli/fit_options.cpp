#include "eval/cli/fit_options.h"

#include <CLI/CLI.hpp>

namespace odin {

void add_fit_options(CLI::App& app, ImageFit& fit, const std::string& group) {
  auto* resize =
      app.add_flag_callback(
             "--resize", [&fit] { fit = ImageFit::kResize; },
             "Scale images to 32 x 32, those of idx: sets too, which are padded without it")
          ->group(group);
  app.add_flag_callback(
         "--center-crop", [&fit] { fit = ImageFit::kCenterCrop; },
         "Crop larger images to their middle 32 x 32; smaller ones of idx: sets are padded")
      ->excludes(resize)
      ->group(group);
}

}  // namespace odin
