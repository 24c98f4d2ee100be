// What the network gives for the in-distribution images that detectors are fitted on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "eval/scoring/own_batches.h"

namespace odin {

class TrainingStore;

// The images to fit on.
struct TrainingImages {
  NamedDataset set;
  std::vector<std::int32_t> labels{};  // the network's class of each; none where they are not known
};

struct TrainingSet {
  std::string name;    // of the set, for readers
  std::string sha256;  // of the images, as sha256_of() has it
  std::size_t images = 0;
  std::vector<float> logits{};         // (images, classes)
  std::vector<float> features{};       // (images, features)
  std::vector<std::int32_t> labels{};  // (images), or none
};

// Runs the network on the images, or takes what the store has of them; nullptr for no store. One of
// the scorer's detectors must be fitted or use features. Every rank gets all of it. Throws Error as
// score_set() does, and if the store cannot be written to.
TrainingSet run_training_set(Scorer& scorer, const TrainingImages& images,
                             const ScoringOptions& options, const TrainingStore* store,
                             Progress& progress);

}  // namespace odin
