// The benchmark: one network, one in-distribution set, any number of out-of-distribution sets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "eval/report/report.h"
#include "eval/scoring/detectors/registry.h"
#include "eval/scoring/progress.h"
#include "eval/scoring/score_set.h"
#include "eval/scoring/scorer.h"

namespace odin {

// An out-of-distribution set, and the parameters of ODIN to detect it with.
struct BenchmarkTask {
  NamedDataset out;
  OdinParameters parameters;
  // What the benchmark's definition calls the set ("Imagenet"); empty where it does not have it.
  std::string benchmark_name{};
  // Why it has failed already, in the search for its parameters; else empty.
  std::string failure{};
  // The detectors with the options that a search chose for this set, in place of those of the
  // BenchmarkOptions, one for each; empty: these.
  std::vector<const Detector*> detectors{};
};

struct BenchmarkOptions {
  ScoringOptions scoring;
  std::vector<const Detector*> detectors =
      authors_detectors();  // without ODIN nothing is perturbed
  MetricsMethod method = MetricsMethod::kExact;
  PositiveClass positive = PositiveClass::kIn;  // kOut for exact metrics only
  // The network's class for each class of the in-distribution set, empty for no accuracy; not
  // given: match_classes() of a set of unknown origin.
  std::optional<std::vector<std::int32_t>> in_classes{};
  // Whether to find out what each detector costs, by a few passes more over one batch.
  bool measure_cost = false;
};

// The scores that one detector gave to the images, in the order of the sets.
struct DetectorScores {
  const Detector* detector = nullptr;
  OdinParameters parameters;  // of the task; only ODIN's scores depend on them
  std::vector<double> in;
  std::vector<double> out;
};

// The results of one task.
struct TaskResult {
  std::size_t task = 0;  // its index among the tasks
  Evaluation evaluation;
  std::vector<DetectorScores> scores;         // one per detector asked for
  std::vector<std::int32_t> out_predictions;  // classes of the out-of-distribution images
};

// A task that failed after the work had begun, for example because of a damaged image.
struct TaskFailure {
  std::size_t task = 0;  // its index among the tasks
  std::string reason;
};

struct BenchmarkResult {
  PositiveClass positive = PositiveClass::kIn;  // of the FPRs
  std::vector<TaskResult> tasks;                // those that finished, at least one
  std::vector<TaskFailure> failures;
  std::vector<std::int32_t> in_predictions;
  std::optional<double> accuracy;  // if the in-distribution set has the network's classes
  std::int64_t images = 0;         // scored, from all sets and by all ranks
  double seconds = 0;              // that scoring took, decoding included
};

// Scores the in-distribution set once with every task's parameters, scores each task's set with its
// own parameters, and computes the metrics. The scorer has all detectors that a task needs. An
// image costs one forward pass, one backward pass for each temperature, and one forward pass for
// each temperature and magnitude above 0. Memory holds the scores and what the data sets themselves
// hold, no more. A task that fails does not take the others with it. Throws Error if the
// in-distribution set or all tasks fail, for a set that has no images, and for the threshold sweep
// with a detector that has none.
BenchmarkResult run_benchmark(Scorer& scorer, const NamedDataset& in,
                              const std::vector<BenchmarkTask>& tasks,
                              const BenchmarkOptions& options, Progress& progress);

}  // namespace odin
