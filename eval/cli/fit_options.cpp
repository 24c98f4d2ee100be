#include "eval/cli/fit_options.h"

#include <string>

#include <CLI/App.hpp>

namespace odin {

void add_fit_options(CLI::App& app, ImageFit& fit, const std::string& group) {
  auto* resize = app.add_flag_callback(
                        "--resize", [&fit] { fit = ImageFit::kResize; },
                        "Scale images to the network's size, also those of idx: sets, which are "
                        "padded otherwise")
                     ->group(group);
  auto* crop = app.add_flag_callback(
                      "--center-crop", [&fit] { fit = ImageFit::kCenterCrop; },
                      "Crop larger images to their middle; smaller ones of idx: sets are padded")
                   ->excludes(resize)
                   ->group(group);
  app.add_option_function<std::string>(
         "--fit", [&fit](const std::string& name) { fit = image_fit(name); },
         "The same by name, resize or center-crop, or resize-crop: scale the shorter side, then "
         "crop to the middle, as torchvision's Resize and CenterCrop")
      ->check(CLI::IsMember({"resize", "resize-crop", "center-crop"}))
      ->type_name("NAME")
      ->excludes(resize, crop)
      ->group(group);
}

}  // namespace odin
