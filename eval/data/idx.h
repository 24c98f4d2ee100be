// Images in the IDX format of MNIST (http://yann.lecun.com/exdb/mnist), gzipped or not.
#pragma once

#include <filesystem>
#include <memory>

#include "eval/data/dataset.h"
#include "eval/image/fit.h"

namespace odin {

// `file` holds grey images as bytes (N, height, width). Grey is repeated in all three channels. A `fit`
// that scales does so with images of any size. With any other, images of at most 32 x 32 get a black
// border (28 x 28: two pixels on each side), and larger images follow `fit`.
//
// Labels are read from a file next to `file` whose name has "labels" instead of "images" and "idx1"
// instead of "idx3", with or without .gz. Without such a file the set has no labels.
//
// A plain file stays on disk; a gzipped one is unpacked to memory. Throws Error if a file has another
// format, is shorter or longer than its header says, or unpacks to more than 1 GiB.
std::shared_ptr<const Dataset> open_idx(const std::filesystem::path& file, ImageFit fit);

}  // namespace odin
