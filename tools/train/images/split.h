// Which images are trained on, and which are held out.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "eval/data/dataset.h"

namespace odin::training {

struct Split {
  std::shared_ptr<const Dataset> trained;
  std::shared_ptr<const Dataset> held_out;  // null if no image is
};

// Throws Error unless the images have labels of two classes or more. `spec` is where they are.
void require_classes(const Dataset& images, std::string_view spec);

// Holds out a random sample, stratified by class: the first images of stratified_order(). Every
// class keeps an image to train on. Both parts are in the order of the set. Throws Error unless at
// least `least` images, and one of each class, are left to train on.
Split stratified_split(const std::shared_ptr<const Dataset>& images, std::int64_t held_out,
                       std::uint64_t seed, std::int64_t least);

// Holds out the last images, as versions up to 0.2 did, for trainings that began there. Throws
// Error unless at least `least` are left.
Split last_images_split(const std::shared_ptr<const Dataset>& images, std::int64_t held_out,
                        std::int64_t least);

}  // namespace odin::training
