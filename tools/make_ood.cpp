// make_ood: out-of-distribution sets of 32 x 32 from any folder of larger images.
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <string>

#include <CLI/CLI.hpp>

#include "eval/cli/program.h"
#include "eval/cli/whole_number.h"
#include "kernels/error.h"
#include "tools/ood_set.h"

namespace odin {
namespace {

constexpr const char* kExamples = R"(examples:
  make_ood --crop --from tiny-imagenet-200/test --to data/Imagenet
  make_ood --resize --filter bilinear --from tiny-imagenet-200/test --to data/Imagenet_resize
  make_ood --resize --filter bilinear-antialias --from photos --to data/photos --limit 10000

--crop cuts 32 x 32 pixels out of each image, at a place drawn by the seed. --resize scales the
whole image, whatever its proportions, to 32 x 32 by the filter:
  bilinear-antialias  a triangle as wide as the reduction, as Pillow and torchvision's Resize do
  bilinear            between the four nearest pixels, without antialiasing
  nearest             the nearest pixel, without antialiasing
The resized sets of ODIN's authors were made without antialiasing. The false patterns of such images
are known to be easier to detect than their content, so figures on them flatter a detector: make a
set with bilinear-antialias too, and compare.

The images are written as PNG to DIR/images, numbered in the order of their sources' paths, which
DIR/sources.txt lists. The same sources, options and seed give the same bytes.)";

const std::map<std::string, ImageFit> kFilters{{"nearest", ImageFit::kResizeNearest},
                                               {"bilinear", ImageFit::kResizeBilinear},
                                               {"bilinear-antialias", ImageFit::kResize}};

struct Options {
  bool crop = false;
  bool resize = false;
  std::string filter = "bilinear-antialias";
  OodSet set;
};

void add_options(CLI::App& app, Options& options) {
  app.footer(kExamples);
  auto* crop = app.add_flag("--crop", options.crop, "Cut a random 32 x 32 out of each image");
  auto* resize = app.add_flag("--resize", options.resize, "Scale each image to 32 x 32");
  crop->excludes(resize);
  app.add_option("--from", options.set.from,
                 "Folder of PNG and JPEG images; those in folders below it count too")
      ->type_name("DIR")
      ->required();
  app.add_option("--to", options.set.to, "Folder to make; it must not exist yet, or be empty")
      ->type_name("DIR")
      ->required();
  auto* seed = app.add_option("--seed", options.set.seed, "Of the places of the crops")
                   ->check(whole_number(0, std::numeric_limits<std::uint64_t>::max()))
                   ->type_name("S")
                   ->capture_default_str();
  auto* filter = app.add_option("--filter", options.filter, "How to scale")
                     ->check(CLI::IsMember(kFilters))
                     ->type_name("NAME")
                     ->capture_default_str();
  app.add_option("--limit", options.set.limit,
                 "Take N of the images, evenly spread over all; default: all")
      ->check(whole_number(1, std::numeric_limits<std::int64_t>::max()))
      ->type_name("N");
  seed->needs(crop);
  filter->needs(resize);
  app.final_callback([&options] {
    if (!options.crop && !options.resize) throw CLI::RequiredError("--crop or --resize");
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
    const std::size_t images = odin::make_ood_set(options.set);
    fmt::print("{}: {} images\n", options.set.to.string(), images);
    return 0;
  });
}
