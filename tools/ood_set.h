// Makes a data set of 32 x 32 images from a folder of larger ones.
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
  std::uint64_t seed = 0;  // of random crops
  std::int64_t limit = 0;  // images taken, evenly spread over all; 0: all
  std::string how;         // the options in words, noted beside the images
};

// Writes TO/images/00001.png and so on, one for each image taken of `from` and the folders below it,
// in the order of their paths, and TO/sources.txt, which names them. Where a crop lies depends on
// the seed and on the image's path below `from`, not on the other images. Returns how many there
// are. `to` is made only once all images are written: throws Error, and leaves it as it was, where it
// exists and is not empty, where an image cannot be read or is too small, and where the disk is full.
std::size_t make_ood_set(const OodSet& set);

}  // namespace odin
