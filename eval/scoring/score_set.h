// Scores a whole set of images, batch by batch.
#pragma once

#include <cstdint>
#include <span>

#include "eval/data/dataset.h"
#include "eval/scoring/progress.h"
#include "eval/scoring/ranks.h"
#include "eval/scoring/score_store.h"
#include "eval/scoring/scorer.h"

namespace odin {

// How to go through a set. None of this changes a score.
struct ScoringOptions {
  std::int64_t batch_size = 0;        // 0: what the device prefers
  int threads = 1;                    // that decode images
  const Ranks* ranks = nullptr;       // that share the images; nullptr: this process alone
  const ScoreStore* store = nullptr;  // scores of earlier runs; nullptr: none
};

// The scores of all images of the set, in its order. Each rank scores an equal part of the images, and
// every rank gets all scores. Apart from the scores, memory does not grow with the set. Throws Error
// for an image that cannot be read and as Scorer::score() does.
Scores score_set(Scorer& scorer, const NamedDataset& set,
                 std::span<const OdinParameters> parameters, const ScoringOptions& options,
                 Progress& progress);

}  // namespace odin
