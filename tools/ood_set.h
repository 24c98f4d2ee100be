// Makes a data set of small images from a folder of larger ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "eval/image/fit.h"

namespace odin {

struct OodSet {
  std::filesystem::path from;
  std::filesystem::path to;
  ImageFit fit = ImageFit::kRandomCrop;
  int side = 32;  // of the images that are made
  // Read JPEG images as the ODIN authors did. Pass scaled images through jpeg_round_trip(), and
  // crop images again, to a random place of them in a black frame of 4 pixels. Only for a side
  // of 32.
  bool like_odin = false;
  std::uint64_t seed = 0;        // of random crops
  std::int64_t limit = 0;        // number of images to use, evenly spread over all; 0: all
  bool skip_bad_images = false;  // leave out what cannot be used, where it would be an error
  std::string how;               // the options in words, for sources.txt
};

struct OodSetResult {
  std::size_t images = 0;
  std::string left_out;  // a sentence on the pictures that were left out; empty if there are none
};

// Writes TO/images/00001.png and so on, one for each image used from `from` and the folders below
// it, in the order of their paths, and TO/sources.txt, which lists the sources. The place of a crop
// depends on the seed and on the image's path below `from`, not on other images.
//
// `to` is created only after all images are written. Throws Error, and leaves `to` as it was, if it
// exists and is not empty, if images cannot be read or are too small (it counts them), and if the
// disk is full.
OodSetResult make_ood_set(const OodSet& set);

}  // namespace odin
