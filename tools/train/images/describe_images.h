// What a training takes from the images it is given: their shape and the names of their classes.
#pragma once

#include <string_view>

#include "eval/data/spec.h"
#include "nn/image_shape.h"
#include "tools/in_datasets.h"
#include "weights/checkpoint.h"

namespace odin::training {

// The shape of the images that the network takes, where 0 `channels` and a `side` of 0 are not
// given: that of the images of MNIST's format, else the usual one. `setup` is that of an
// interrupted training, or empty: it goes on with its own shape. (Versions up to 0.2 padded MNIST's
// images to 3 x 32 x 32.)
ImageShape shape_of_images(const DatasetSpec& spec, int channels, int side, std::string_view setup);

// The names of the classes of a known data set, in the order of the labels of `dataset`. Class
// folders are in the order of their names, which need not be that of the known set. Throws Error if
// `named`, because the command line names the known set, and its classes are not those of the
// folders.
void name_classes(const Dataset& dataset, const InDataset& known, bool named,
                  Checkpoint& checkpoint);

}  // namespace odin::training
