// What a training must have in common with the interrupted one that it goes on with.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "nn/architecture.h"
#include "tools/train/recipe.h"
#include "weights/checkpoint.h"

namespace odin::training {

// As JSON: the network, the images and their normalisation, the recipe.
std::string make_setup(const Checkpoint& checkpoint, std::int64_t images, std::int64_t held_out,
                       const Recipe& recipe);

// The setup of a training that goes on after `step` steps: `now`, with what was before it in its
// history. Only the numbers of epochs may differ: the schedule is from there on that of the new
// numbers. Throws Error, showing both, where anything else does.
std::string resumed_setup(std::string_view before, std::string_view now, std::int64_t step);

// The history in words, for a checkpoint's `source`: empty, or "; until step 500 with ...".
std::string describe_history(std::string_view setup);

}  // namespace odin::training
