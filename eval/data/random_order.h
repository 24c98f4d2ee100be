// Random orders of images. They depend only on their seeds: not on the machine, nor on threads.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/backend.h"

namespace odin {

// A random permutation of [0, count) (Fisher & Yates), drawn from the shared generator. All
// permutations are equally likely.
std::vector<std::int32_t> random_permutation(std::int64_t count, RandomKey key);

// An order of images in which every stretch from the start has all classes in their proportions. So
// its first images are a stratified random sample, and so are those that follow. Within a class all
// orders are equally likely. Any image is among the first k with probability k / count, to within
// rounding.
//
// `labels` are the classes of the images, 0 or above. Image j of a class of n, in random order,
// takes the place (j + u) / n of the whole, with one random u in 0..1 for each class (systematic
// sampling). So a stretch has as many images of a class as its share says, rounded down or up; of
// classes of one size, no two differ by more than one.
std::vector<std::int64_t> stratified_order(std::span<const std::int32_t> labels,
                                           std::uint64_t seed);

}  // namespace odin
