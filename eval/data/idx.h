// Images in the IDX format of MNIST (http://yann.lecun.com/exdb/mnist), gzipped or not.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "eval/data/dataset.h"
#include "eval/image/fit.h"

namespace odin {

// `file` holds grey images as bytes (N, height, width). Grey is repeated in all channels of
// `shape`. A `fit` that scales does so with images of any size. With any other, images that are no
// larger than `shape` get a black border up to its size (28 x 28 for 32 x 32: two pixels on each
// side), and larger images follow `fit`.
//
// Labels are read from a file next to `file` whose name has "labels" instead of "images" and "idx1"
// instead of "idx3", with or without .gz. Without such a file the set has no labels.
//
// A plain file stays on disk; a gzipped one is unpacked to memory. Throws Error if a file has
// another format, is shorter or longer than its header says, or unpacks to more than 1 GiB.
std::shared_ptr<const Dataset> open_idx(const std::filesystem::path& file, ImageFit fit,
                                        const ImageShape& shape = {});

// The shape in which the images of such a file need no fitting: one channel of their size. None if
// they are not square or no network takes their size. Throws Error as open_idx() does.
std::optional<ImageShape> stored_idx_shape(const std::filesystem::path& file);

}  // namespace odin
