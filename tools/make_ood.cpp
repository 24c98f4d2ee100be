// make_ood: out-of-distribution sets of 32 x 32 from any folder of larger images.
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <string>

#include <CLI/CLI.hpp>

#include "eval/cli/program.h"
#include "eval/cli/whole_number.h"
#include "eval/scoring/launcher.h"
#include "kernels/error.h"
#include "tools/ood_set.h"

namespace odin {
namespace {

constexpr const char* kExamples = R"(Examples:
  make_ood --crop --from tiny-imagenet-200/test --to data/Imagenet
  make_ood --resize --filter bilinear --from tiny-imagenet-200/test --to data/Imagenet_resize
  make_ood --resize --filter bilinear-antialias --from photos --to data/photos --limit 10000

--crop takes 32 x 32 pixels of each image, at a random place that depends on the seed. --resize scales
the whole image to 32 x 32, without keeping proportions, with the filter:
  bilinear-antialias  a triangle as wide as the reduction, as in Pillow and torchvision's Resize
  bilinear            between the four nearest pixels, without antialiasing
  nearest             the nearest pixel, without antialiasing
The ODIN authors made their resized sets without antialiasing. The false patterns of such images are
known to be easier to detect than their content, so figures on them flatter a detector. Make a set with
bilinear-antialias too, and compare.

--resize-crop scales the shorter side to 32 with bilinear-antialias and crops to the middle, as
torchvision's Resize(32) and CenterCrop(32) do. Textures and Places365 are used so.

The images are written as PNG to DIR/images, numbered in the order of their sources' paths.
DIR/sources.txt lists the sources. The same sources, options and seed give the same bytes.)";

const std::map<std::string, ImageFit> kFilters{{"nearest", ImageFit::kResizeNearest},
                                               {"bilinear", ImageFit::kResizeBilinear},
                                               {"bilinear-antialias", ImageFit::kResize}};

struct Options {
  bool crop = false;
  bool resize = false;
  bool resize_crop = false;
  std::string filter = "bilinear-antialias";
  OodSet set;
};

void add_options(CLI::App& app, Options& options) {
  app.footer(kExamples);
  auto* crop = app.add_flag("--crop", options.crop, "Crop each image to a random 32 x 32");
  auto* resize = app.add_flag("--resize", options.resize, "Scale each image to 32 x 32");
  crop->excludes(resize);
  app.add_flag("--resize-crop", options.resize_crop,
               "Scale the shorter side of each image to 32, then crop to the middle")
      ->excludes(crop, resize);
  app.add_option("--from", options.set.from,
                 "Folder of PNG and JPEG images; its subfolders are included")
      ->type_name("DIR")
      ->required();
  app.add_option("--to", options.set.to, "Folder to create; it must not exist, or be empty")
      ->type_name("DIR")
      ->required();
  auto* seed = app.add_option("--seed", options.set.seed, "Seed of the places of the crops")
                   ->check(whole_number(0, std::numeric_limits<std::uint64_t>::max()))
                   ->type_name("S")
                   ->capture_default_str();
  auto* filter = app.add_option("--filter", options.filter, "Filter of --resize")
                     ->check(CLI::IsMember(kFilters))
                     ->type_name("NAME")
                     ->capture_default_str();
  app.add_option("--limit", options.set.limit,
                 "Use N of the images, evenly spread over all; default: all")
      ->check(whole_number(1, std::numeric_limits<std::int64_t>::max()))
      ->type_name("N");
  app.add_flag(
      "--skip-bad-images", options.set.skip_bad_images,
      "Leave out pictures that cannot be read, are too small, or are neither PNG nor JPEG");
  seed->needs(crop);
  filter->needs(resize);
  app.final_callback([&options] {
    if (!options.crop && !options.resize && !options.resize_crop) {
      throw CLI::RequiredError("--crop, --resize or --resize-crop");
    }
    if (options.resize_crop) {
      options.set.fit = ImageFit::kResizeCrop;
      options.set.how = "--resize-crop";
      return;
    }
    options.set.fit = options.crop ? ImageFit::kRandomCrop : kFilters.at(options.filter);
    options.set.how = options.crop ? fmt::format("--crop --seed {}", options.set.seed)
                                   : fmt::format("--resize --filter {}", options.filter);
  });
}

}  // namespace
}  // namespace odin

int main(int argc, char** argv) {
  CLI::App app(
      "Makes an out-of-distribution set of 32 x 32 images from a folder of larger ones, as the "
      "authors of ODIN made theirs.",
      "make_ood");
  odin::Options options;
  odin::add_options(app, options);
  return odin::run_program_main(app, argc, argv, [&] {
    odin::require_single_process();
    const odin::OodSetResult made = odin::make_ood_set(options.set);
    fmt::print("{}: {} images\n", options.set.to.string(), made.images);
    if (!made.left_out.empty()) fmt::print("{}\n", made.left_out);
    return 0;
  });
}
