// The images of a set that this process runs through the network, batch by batch.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "eval/data/dataset.h"
#include "eval/scoring/progress.h"
#include "eval/scoring/ranks.h"
#include "eval/scoring/scorer.h"

namespace odin {

class ScoreStore;

// How to go through a set. None of this changes a score.
struct ScoringOptions {
  std::int64_t batch_size = 0;        // 0: what the device prefers
  int threads = 1;                    // that decode images
  const Ranks* ranks = nullptr;       // that share the images; nullptr: this process alone
  const ScoreStore* store = nullptr;  // scores of earlier runs; nullptr: none
};

// Calls use(pixels) for one batch after the other of this rank's equal part of the images,
// normalised for the scorer. A failure of one rank is thrown on all of them. Throws Error for
// images of another shape than the network's, for an image that cannot be read, and as `use` does.
void for_own_batches(const Scorer& scorer, const NamedDataset& set, const ScoringOptions& options,
                     Progress& progress,
                     const std::function<void(std::span<const float> pixels)>& use);

}  // namespace odin
