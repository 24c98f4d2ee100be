#include "eval/benchmark/benchmark.h"

#include <algorithm>
#include <chrono>
#include <numeric>

#include "eval/metrics/threshold_sweep.h"

namespace odin {
namespace {

// The tasks' parameters, each once; none where ODIN is not asked for.
std::vector<OdinParameters> parameters_of(const std::vector<BenchmarkTask>& tasks,
                                          const std::vector<Detector>& detectors) {
  std::vector<OdinParameters> parameters;
  if (std::ranges::find(detectors, Detector::kOdin) == detectors.end()) return parameters;
  for (const BenchmarkTask& task : tasks) {
    if (std::ranges::find(parameters, task.parameters) == parameters.end()) {
      parameters.push_back(task.parameters);
    }
  }
  return parameters;
}

// Which of the network's classes each class of the set is: the one of its name where both have names
// (folders come in the order of the alphabet), else that of its number. Nothing where the classes
// are others.
std::vector<std::int32_t> classes_of(const Dataset& images, const Checkpoint& checkpoint) {
  const int count = num_classes(checkpoint.architecture);
  if (images.num_classes() != count) return {};
  std::vector<std::int32_t> classes(static_cast<std::size_t>(count));
  std::iota(classes.begin(), classes.end(), 0);
  if (images.class_names().empty() || checkpoint.class_names.empty()) return classes;
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const auto found = std::ranges::find(checkpoint.class_names, images.class_names()[i]);
    if (found == checkpoint.class_names.end()) return {};
    classes[i] = static_cast<std::int32_t>(found - checkpoint.class_names.begin());
  }
  return classes;
}

std::optional<double> accuracy_of(const Dataset& images, const Checkpoint& checkpoint,
                                  const std::vector<std::int32_t>& predictions) {
  const std::vector<std::int32_t> classes = classes_of(images, checkpoint);
  if (classes.empty()) return {};
  const auto labels = images.labels();
  std::int64_t right = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    right += classes[static_cast<std::size_t>(labels[i])] == predictions[i];
  }
  return static_cast<double>(right) / static_cast<double>(labels.size());
}

Metrics metrics_of(const DetectorScores& scores, MetricsMethod method, int classes) {
  if (method == MetricsMethod::kExact) return exact_metrics(scores.in, scores.out);
  switch (scores.detector) {
    case Detector::kBaseline:
      return sweep_metrics(scores.in, scores.out, baseline_sweep(classes));
    case Detector::kOdin:
      return sweep_metrics(scores.in, scores.out, odin_sweep(classes));
    default:
      fail(
          "the authors' threshold sweep is of the baseline and of ODIN; use the exact metrics for "
          "the score {}",
          info_of(scores.detector).name);
  }
}

DetectorResult result_of(const DetectorScores& scores, MetricsMethod method, int classes) {
  const bool is_odin = scores.detector == Detector::kOdin;
  DetectorResult result;
  result.detector = scores.detector;
  result.temperature = is_odin ? scores.parameters.temperature : 1;
  result.magnitude = is_odin ? scores.parameters.magnitude : 0;
  result.metrics = metrics_of(scores, method, classes);
  return result;
}

}  // namespace

const std::vector<double>& scores_of(const Scores& scores, Detector detector,
                                     std::size_t parameters) {
  switch (detector) {
    case Detector::kBaseline:
      return scores.baseline;
    case Detector::kMaxLogit:
      return scores.max_logit;
    case Detector::kEnergy:
      return scores.energy;
    default:
      return scores.odin.at(parameters);
  }
}

BenchmarkResult run_benchmark(Scorer& scorer, const Checkpoint& checkpoint, const BenchmarkSet& in,
                              const std::vector<BenchmarkTask>& tasks,
                              const BenchmarkOptions& options, Progress& progress) {
  const auto started = std::chrono::steady_clock::now();
  const std::vector<OdinParameters> parameters = parameters_of(tasks, options.detectors);
  const auto score = [&](const BenchmarkSet& set, std::span<const OdinParameters> of_set) {
    return score_set(scorer, checkpoint, set, of_set, options.scoring, progress);
  };
  BenchmarkResult result;
  const Scores in_scores = score(in, parameters);
  result.images = in.images->size();
  result.in_predictions = in_scores.predictions;
  result.accuracy = accuracy_of(*in.images, checkpoint, in_scores.predictions);

  for (const BenchmarkTask& task : tasks) {
    const auto which = std::ranges::find(parameters, task.parameters);
    const bool perturbed = which != parameters.end();
    const Scores out_scores =
        score(task.out, perturbed ? std::span(&task.parameters, 1) : std::span<OdinParameters>());
    result.images += task.out.images->size();
    TaskResult& done = result.tasks.emplace_back();
    done.evaluation.out_set = task.out.display_name;
    done.evaluation.out_images = task.out.images->size();
    done.out_predictions = out_scores.predictions;
    for (const Detector detector : options.detectors) {
      done.scores.push_back(
          {detector, task.parameters,
           scores_of(in_scores, detector, static_cast<std::size_t>(which - parameters.begin())),
           scores_of(out_scores, detector, 0)});
      done.evaluation.detectors.push_back(
          result_of(done.scores.back(), options.method, scorer.num_classes()));
    }
  }
  result.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return result;
}

}  // namespace odin
