// Mean and deviation of the channels of images.
#pragma once

#include "eval/data/dataset.h"
#include "weights/checkpoint.h"

namespace odin::training {

// Measures mean and standard deviation of each channel over all images, which have the shape of the
// checkpoint's network, for pixels in 0..1, and stores them in the checkpoint. Throws Error where a
// channel has the same value everywhere.
void measure_channels(const Dataset& images, Checkpoint& checkpoint);

}  // namespace odin::training
