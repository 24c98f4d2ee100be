// The images that a run's detectors are fitted on.
#pragma once

#include <optional>
#include <string>

#include "eval/benchmark/set_request.h"
#include "eval/data/spec.h"
#include "eval/scoring/training_set.h"
#include "weights/checkpoint.h"

namespace odin {

// What a user says of them.
struct TrainingRequest {
  std::string spec;  // --fit-on; empty: the training half beside the in-distribution set
  std::optional<std::int64_t> most;  // images to read
  // How many images at the beginning of the in-distribution set are neither judged nor tuned on.
  std::int64_t spare = 0;
};

// Opens them as the in-distribution set `in` is opened. Throws Error if they are neither given nor
// known, do not exist, or are that set beyond its spare images, and as open_set() does.
TrainingImages open_training_images(const TrainingRequest& request, const SetRequest& in,
                                    const Checkpoint& checkpoint, DatasetOptions options);

}  // namespace odin
