// A network small enough to be run hundreds of times an image.
#pragma once

#include "eval/scoring/progress.h"
#include "eval/scoring/scorer.h"
#include "nn/compile.h"
#include "nn/networks.h"
#include "tests/eval/scoring/counting_executor.h"
#include "tests/support/formula.h"
#include "weights/checkpoint.h"

namespace odin::test {

inline Checkpoint small_checkpoint() {
  Checkpoint checkpoint;
  checkpoint.architecture = DenseNetConfig{10, 2, 0.5, true, 10};
  checkpoint.mean = {0.5f, 0.4f, 0.3f};
  checkpoint.std = {0.25f, 0.24f, 0.26f};
  checkpoint.in_dataset = "cifar10";
  checkpoint.parameters = formula_parameters(build_graph(checkpoint.architecture));
  return checkpoint;
}

// It on the CPU, counting.
inline std::unique_ptr<PlanExecutor> counting_executor(const Checkpoint& checkpoint,
                                                       Backend& backend, PassCount& count) {
  return std::make_unique<CountingExecutor>(
      backend.prepare(compile(build_graph(checkpoint.architecture), checkpoint.parameters)), count);
}

// What a test needs to run it in silence, and to count how often.
struct SmallNetwork {
  Checkpoint checkpoint = small_checkpoint();
  std::unique_ptr<Backend> backend = make_cpu_backend(1);
  PassCount count;
  Scorer scorer{checkpoint, counting_executor(checkpoint, *backend, count), "cpu"};
  Progress progress;  // silent
};

}  // namespace odin::test
