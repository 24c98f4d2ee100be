// make_ood: out-of-distribution sets of small images from any folder of larger images.
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <string>

#include <CLI/App.hpp>

#include "eval/cli/output_paths.h"
#include "eval/cli/program.h"
#include "eval/cli/whole_number.h"
#include "eval/scoring/launcher.h"
#include "kernels/error.h"
#include "tools/ood_set.h"

namespace odin {
namespace {

constexpr const char* kExamples = R"(Examples:
  make_ood --resize --like-odin --from tiny-imagenet-200/test --to data/Imagenet_resize
  make_ood --crop --like-odin --from tiny-imagenet-200/test --to data/Imagenet
  make_ood --resize --filter bilinear-antialias --from photos --to data/photos --limit 10000

The images are S x S, of the size that --size gives: 32 by default. --crop takes S x S pixels of each
image, at a random place that depends on the seed. --resize scales the whole image to S x S, without
keeping proportions, with the filter:
  bilinear-antialias  a triangle as wide as the reduction, as in Pillow and torchvision's Resize
  bilinear            between the four nearest pixels, without antialiasing
  nearest             the nearest pixel, without antialiasing
--like-odin makes sets as those of the ODIN authors, of 2017. It reads JPEG images with the colours of their
decoder. --resize then takes the nearest pixel, without antialiasing, and passes the result through a JPEG
file of quality 75: from Tiny-ImageNet's test images come the pixels of their Imagenet_resize. --crop then
crops again, to a random 32 x 32 of the result in a black frame of 4 pixels, as is done to train on CIFAR.
Their crop set is not known, but sets made so give its published figures; without the frame they are harder.
False patterns and frames are easier to detect than their content, so figures on them flatter a
detector. Make a set without --like-odin too, and compare.

--resize-crop scales the shorter side to S with bilinear-antialias and crops to the middle, as
torchvision's Resize(S) and CenterCrop(S) do. Textures and Places365 are used so.

The images are written as PNG to DIR/images, numbered in the order of their sources' paths.
DIR/sources.txt lists the sources. The same sources, options and seed give the same bytes.)";

const std::map<std::string, ImageFit> kFilters{{"nearest", ImageFit::kResizeNearest},
                                               {"bilinear", ImageFit::kResizeBilinear},
                                               {"bilinear-antialias", ImageFit::kResize}};

struct Options {
  bool crop = false;
  bool resize = false;
  bool resize_crop = false;
  std::string filter;
  OodSet set;
};

void add_options(CLI::App& app, Options& options) {
  app.footer(kExamples);
  auto* crop = app.add_flag("--crop", options.crop, "Crop each image at a random place");
  auto* resize = app.add_flag("--resize", options.resize, "Scale each image");
  crop->excludes(resize);
  auto* resize_crop = app.add_flag("--resize-crop", options.resize_crop,
                                   "Scale the shorter side of each image, then crop to the middle");
  resize_crop->excludes(crop, resize);
  app.add_option("--from", options.set.from,
                 "Folder of PNG and JPEG images; its subfolders are included")
      ->type_name("DIR")
      ->required();
  app.add_option("--to", options.set.to, "Folder to create; it must not exist, or be empty")
      ->type_name("DIR")
      ->required();
  auto* size = app.add_option("--size", options.set.side, "Side of the images that are made")
                   ->check(CLI::Range(ImageShape::kLeastSide, ImageShape::kMostSide))
                   ->type_name("S")
                   ->capture_default_str();
  auto* seed = app.add_option("--seed", options.set.seed, "Seed of the places of the crops")
                   ->check(whole_number(0, std::numeric_limits<std::uint64_t>::max()))
                   ->type_name("S")
                   ->capture_default_str();
  auto* filter =
      app.add_option("--filter", options.filter, "Filter of --resize; default: bilinear-antialias")
          ->check(CLI::IsMember(kFilters))
          ->type_name("NAME");
  app.add_flag(
         "--like-odin", options.set.like_odin,
         "Make the set like those of the ODIN authors, so that published figures can be compared")
      ->excludes(filter, resize_crop, size);
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
    OodSet& set = options.set;
    // The next set that is made of these images would hold those of this one.
    require_outside({"--to", set.to}, {"--from", set.from});
    const std::string size_words = set.side == 32 ? "" : fmt::format(" --size {}", set.side);
    if (options.resize_crop) {
      set.fit = ImageFit::kResizeCrop;
      set.how = "--resize-crop" + size_words;
      return;
    }
    if (options.filter.empty()) options.filter = set.like_odin ? "nearest" : "bilinear-antialias";
    set.fit = options.crop ? ImageFit::kRandomCrop : kFilters.at(options.filter);
    set.how = options.crop    ? fmt::format("--crop --seed {}", set.seed)
              : set.like_odin ? "--resize"
                              : fmt::format("--resize --filter {}", options.filter);
    if (set.like_odin) set.how += " --like-odin";
    set.how += size_words;
  });
}

}  // namespace
}  // namespace odin

int main(int argc, char** argv) {
  CLI::App app(
      "Makes an out-of-distribution set of small images from a folder of larger ones, as the "
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
