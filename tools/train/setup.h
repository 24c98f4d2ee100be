// The settings that must stay the same when an interrupted training resumes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "eval/image/fit.h"
#include "nn/architecture.h"
#include "tools/train/recipe.h"
#include "weights/checkpoint.h"

namespace odin::training {

// How many images are held out, and how they are chosen.
struct HeldOut {
  std::int64_t images = 0;
  // Of the stratified draw. Nothing in trainings that began with a version up to 0.2, which held
  // out the last images.
  std::optional<std::uint64_t> seed;
};

// For a checkpoint's `source`: empty, or " (without 1000 held out, ...)".
std::string describe(const HeldOut& held_out);

// The same for how images were fitted: empty, ", scaled to 32 x 32", ..., or ", as 28 x 28 in
// grey".
std::string describe(ImageFit fit, const ImageShape& shape);

// As JSON: the network, the images, how they are fitted and their normalisation, the recipe.
std::string make_setup(const Checkpoint& checkpoint, std::int64_t images, const HeldOut& held_out,
                       const Recipe& recipe, ImageFit fit = ImageFit::kExact);

// Throws Error unless it is a setup as every version writes it, with a recipe and a history: for
// states, which come from files.
void require_setup(std::string_view setup);

// Whether the training holds out the last images of its set, so that it must go on with these.
// `setup` is of a state. Throws Error if it is damaged.
bool holds_out_last_images(std::string_view setup);

// The setup of a training that resumes after `step` steps: `now`, with the earlier numbers of
// epochs in its history. Only the numbers of epochs may differ; the new ones set the schedule from
// here on. Throws Error, which names what else differs with both values, if anything does.
std::string resumed_setup(std::string_view before, std::string_view now, std::int64_t step);

// Of the images of the training. `setup` is of a state. Throws Error if it is damaged.
ImageShape image_shape_of(std::string_view setup);

// The history in words, for a checkpoint's `source`: empty, or "; until step 500 with ...".
std::string describe_history(std::string_view setup);

}  // namespace odin::training
