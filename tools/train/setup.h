// The settings that must stay the same when an interrupted training resumes.
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

// The setup of a training that resumes after `step` steps: `now`, with the earlier numbers of epochs in
// its history. Only the numbers of epochs may differ; the new ones set the schedule from here on. Throws
// Error, which shows both setups, if anything else differs.
std::string resumed_setup(std::string_view before, std::string_view now, std::int64_t step);

// The history in words, for a checkpoint's `source`: empty, or "; until step 500 with ...".
std::string describe_history(std::string_view setup);

}  // namespace odin::training
