// Scores a whole set of images, batch by batch.
#pragma once

#include <cstdint>
#include <span>

#include "eval/data/dataset.h"
#include "eval/scoring/own_batches.h"
#include "eval/scoring/progress.h"
#include "eval/scoring/score_store.h"
#include "eval/scoring/scorer.h"

namespace odin {

// The scores of all images of the set, in its order. Each rank scores an equal part of the images,
// and every rank gets all scores. Apart from the scores, memory does not grow with the set. Throws
// Error for an image that cannot be read and as Scorer::score() does.
Scores score_set(Scorer& scorer, const NamedDataset& set,
                 std::span<const OdinParameters> parameters, const ScoringOptions& options,
                 Progress& progress);

}  // namespace odin
