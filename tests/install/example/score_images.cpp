// Scores ten images of a data set: score_images CHECKPOINT SPEC
#include <cstdio>
#include <vector>

#include "eval/data/spec.h"
#include "eval/scoring/detectors/registry.h"
#include "eval/scoring/scorer.h"

int main(int, char** argv) {
  const auto backend = odin::make_cpu_backend();
  odin::Scorer scorer(odin::read_checkpoint(argv[1]), *backend);
  const auto images = odin::open_dataset(odin::parse_dataset_spec(argv[2]),
                                         {.shape = scorer.image_shape(), .noise_images = 10});
  std::vector<float> pixels(static_cast<std::size_t>(10 * images->shape().elements()));
  images->read(0, 10, pixels.data());
  scorer.normalise(pixels);
  const odin::OdinParameters parameters{.temperature = 1000, .magnitude = 0.0014};
  const odin::Scores scores = scorer.score(pixels, {&parameters, 1});
  for (double score : scores.of(odin::detectors::kOdin)) std::printf("%.17g\n", score);
}
