#include "eval/benchmark.h"

#include <algorithm>
#include <chrono>
#include <functional>

#include "eval/batch_loader.h"
#include "eval/metrics_sweep.h"

namespace odin {
namespace {

Scores score_set(Scorer& scorer, const Checkpoint& checkpoint, const BenchmarkSet& set,
                 std::span<const OdinParameters> parameters, const BenchmarkOptions& options,
                 Progress& progress) {
  BatchLoaderOptions loading;
  loading.batch_size = options.batch_size > 0 ? options.batch_size : scorer.preferred_batch();
  loading.threads = options.threads;
  loading.mean = checkpoint.mean;
  loading.std = checkpoint.std;
  BatchLoader loader(*set.images, loading);
  Scores scores;
  progress.start(set.display_name, set.images->size());
  while (const std::optional<Batch> batch = loader.next()) {
    const auto elements = static_cast<std::size_t>(batch->count * kImageElements);
    scores.append(scorer.score({batch->images, elements}, parameters));
    progress.update(batch->begin + batch->count);
  }
  progress.finish();
  return scores;
}

Metrics metrics_of(const std::vector<double>& in, const std::vector<double>& out,
                   MetricsMethod method, const std::function<ThresholdSweep()>& sweep) {
  return method == MetricsMethod::kExact ? exact_metrics(in, out) : sweep_metrics(in, out, sweep());
}

}  // namespace

BenchmarkResult run_benchmark(Scorer& scorer, const Checkpoint& checkpoint, const BenchmarkSet& in,
                              const std::vector<BenchmarkTask>& tasks,
                              const BenchmarkOptions& options, Progress& progress) {
  const auto started = std::chrono::steady_clock::now();
  std::vector<OdinParameters> all_parameters;
  for (const BenchmarkTask& task : tasks) {
    if (std::find(all_parameters.begin(), all_parameters.end(), task.parameters) ==
        all_parameters.end()) {
      all_parameters.push_back(task.parameters);
    }
  }
  BenchmarkResult result;
  const Scores in_scores = score_set(scorer, checkpoint, in, all_parameters, options, progress);
  result.images = in.images->size();
  if (in.images->num_classes() == scorer.num_classes()) {
    const auto labels = in.images->labels();
    std::int64_t right = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) right += labels[i] == in_scores.predictions[i];
    result.accuracy = static_cast<double>(right) / static_cast<double>(labels.size());
  }

  for (const BenchmarkTask& task : tasks) {
    Scores out_scores =
        score_set(scorer, checkpoint, task.out, {&task.parameters, 1}, options, progress);
    result.images += task.out.images->size();
    const auto which = static_cast<std::size_t>(
        std::find(all_parameters.begin(), all_parameters.end(), task.parameters) -
        all_parameters.begin());
    TaskScores scores{in_scores.baseline, std::move(out_scores.baseline), in_scores.odin[which],
                      std::move(out_scores.odin[0])};
    const int classes = scorer.num_classes();
    result.evaluations.push_back(
        {task.out.display_name,
         task.out.images->size(),
         {{"baseline", "Baseline", 1, 0,
           metrics_of(scores.baseline_in, scores.baseline_out, options.method,
                      [&] { return baseline_sweep(classes); })},
          {"odin", "Our Method", task.parameters.temperature, task.parameters.magnitude,
           metrics_of(scores.odin_in, scores.odin_out, options.method,
                      [&] { return odin_sweep(classes); })}}});
    result.scores.push_back(std::move(scores));
  }
  result.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return result;
}

}  // namespace odin
