// The benchmark: one network, one in-distribution set, any number of out-of-distribution sets.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "eval/dataset.h"
#include "eval/progress.h"
#include "eval/report.h"
#include "eval/scorer.h"

namespace odin {

// A set of images under the name that reports give it.
struct BenchmarkSet {
  std::string display_name;
  std::shared_ptr<const Dataset> images;
};

// An out-of-distribution set with the parameters of ODIN that it is to be detected with.
struct BenchmarkTask {
  BenchmarkSet out;
  OdinParameters parameters;
};

struct BenchmarkOptions {
  std::int64_t batch_size = 0;  // 0: what the device prefers
  int threads = 1;              // that decode images
  MetricsMethod method = MetricsMethod::kExact;
};

// What one task came to: scores of single images, in the order of the sets.
struct TaskScores {
  std::vector<double> baseline_in;
  std::vector<double> baseline_out;
  std::vector<double> odin_in;
  std::vector<double> odin_out;
};

struct BenchmarkResult {
  std::vector<Evaluation> evaluations;  // one per task
  std::vector<TaskScores> scores;       // likewise
  std::optional<double> accuracy;       // where the in-distribution set has the network's classes
  std::int64_t images = 0;              // scored, of all sets
  double seconds = 0;                   // that scoring took, decoding included
};

// Scores the in-distribution set once, with every task's parameters, and each task's set with its
// own, and computes the metrics. Memory does not grow with the sets beyond the scores and what a
// data set itself holds. Throws Error for a set that cannot be read or that has no images.
BenchmarkResult run_benchmark(Scorer& scorer, const Checkpoint& checkpoint, const BenchmarkSet& in,
                              const std::vector<BenchmarkTask>& tasks,
                              const BenchmarkOptions& options, Progress& progress);

}  // namespace odin
