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

// How a set is gone through; none of it changes a score.
struct ScoringOptions {
  std::int64_t batch_size = 0;        // 0: what the device prefers
  int threads = 1;                    // that decode images
  const Ranks* ranks = nullptr;       // that share the images; none: this process alone
  const ScoreStore* store = nullptr;  // what was scored before; none: nothing was
};

// The scores of all images of the set, in its order, on every rank, each of which scores an equal
// part of them. Memory does not grow with the set beyond the scores. Throws Error for an image that
// cannot be read and as Scorer::score() does.
Scores score_set(Scorer& scorer, const NamedDataset& set,
                 std::span<const OdinParameters> parameters, const ScoringOptions& options,
                 Progress& progress);

}  // namespace odin
