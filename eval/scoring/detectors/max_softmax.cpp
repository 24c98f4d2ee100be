#include "eval/scoring/detectors/max_softmax.h"

#include "eval/scoring/detectors/logit_rows.h"

namespace odin {

void max_softmax(std::span<const float> logits, int classes, double temperature,
                 std::span<double> scores) {
  require_temperature(temperature);
  score_logit_rows(logits, classes, scores, [&](std::span<const float> row, double largest) {
    return 1 / sum_of_exponentials(row, largest, temperature);
  });
}

}  // namespace odin
