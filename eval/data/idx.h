// Images in the IDX format of MNIST (http://yann.lecun.com/exdb/mnist), gzipped or not.
#pragma once

#include <filesystem>
#include <memory>

#include "eval/data/dataset.h"
#include "eval/image/fit.h"

namespace odin {

// `file` holds bytes (N, height, width), grey, which is repeated in all three channels. Images of
// at most 32 x 32 get a black border, whatever `fit` says (28 x 28: two pixels all round); larger
// ones follow `fit`. Labels are read from the file beside it whose name has "labels" for "images"
// and "idx1" for "idx3", with or without .gz; without such a file the set is not labelled.
//
// A plain file stays where it is; a gzipped one is unpacked to memory. Throws Error where a file is
// no such thing, is shorter or longer than it says, or unpacks to more than 1 GiB.
std::shared_ptr<const Dataset> open_idx(const std::filesystem::path& file, ImageFit fit);

}  // namespace odin
