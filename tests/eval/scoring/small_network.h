// A network small enough to run hundreds of times per image.
#pragma once

#include "eval/data/noise.h"
#include "eval/scoring/progress.h"
#include "eval/scoring/scorer.h"
#include "nn/compile.h"
#include "nn/networks.h"
#include "tests/eval/scoring/counting_executor.h"
#include "tests/support/formula.h"
#include "weights/checkpoint.h"

namespace odin::test {

inline Checkpoint small_checkpoint(const DenseNetConfig& config = {10, 2, 0.5, true, 10}) {
  Checkpoint checkpoint;
  checkpoint.architecture = config;
  checkpoint.mean = {0.5f, 0.4f, 0.3f};
  checkpoint.std = {0.25f, 0.24f, 0.26f};
  checkpoint.in_dataset = "cifar10";
  checkpoint.parameters = formula_parameters(build_graph(checkpoint.architecture));
  return checkpoint;
}

// A scorer whose passes are counted.
inline Scorer counting_scorer(const Checkpoint& checkpoint, Backend& backend, PassCount& count,
                              std::span<const Detector* const> detectors = default_detectors()) {
  const Plan plan = compile(build_graph(checkpoint.architecture), checkpoint.parameters);
  return Scorer(checkpoint, plan, std::make_unique<CountingExecutor>(backend.prepare(plan), count),
                backend.name(), detectors);
}

inline NamedDataset noise_set(const char* name, NoiseKind kind, std::int64_t count,
                              std::uint64_t seed) {
  return {name, make_noise(kind, count, seed)};
}

// Scores sets of noise with the small network, silently, and counts its passes.
struct SmallNetwork {
  Checkpoint checkpoint = small_checkpoint();
  std::unique_ptr<Backend> backend = make_cpu_backend(1);
  PassCount count;
  Scorer scorer = counting_scorer(checkpoint, *backend, count);
  Progress progress;  // silent
  NamedDataset in;

  explicit SmallNetwork(NamedDataset in_set) : in(std::move(in_set)) {}

  void set_class_names(const std::vector<std::string>& names) {
    checkpoint.class_names = names;
    scorer = counting_scorer(checkpoint, *backend, count);
  }
};

}  // namespace odin::test
