#include "eval/benchmark/benchmark.h"

#include <algorithm>
#include <chrono>

#include "eval/benchmark/class_match.h"
#include "eval/benchmark/detector_costs.h"
#include "kernels/error.h"

namespace odin {
namespace {

// The tasks' parameters, each once; none where no detector uses them.
std::vector<OdinParameters> parameters_of(const std::vector<BenchmarkTask>& tasks,
                                          const std::vector<const Detector*>& detectors) {
  std::vector<OdinParameters> parameters;
  const auto uses = [](const Detector* detector) { return detector->uses_odin_parameters; };
  if (std::ranges::none_of(detectors, uses)) return parameters;
  for (const BenchmarkTask& task : tasks) {
    if (!task.failure.empty()) continue;
    if (std::ranges::find(parameters, task.parameters) == parameters.end()) {
      parameters.push_back(task.parameters);
    }
  }
  return parameters;
}

// `classes` holds the network's class for each class of the set, or nothing.
std::optional<double> accuracy_of(const Dataset& images, const std::vector<std::int32_t>& classes,
                                  const std::vector<std::int32_t>& predictions) {
  if (classes.empty()) return {};
  const auto labels = images.labels();
  std::int64_t right = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    right += classes[static_cast<std::size_t>(labels[i])] == predictions[i];
  }
  return static_cast<double>(right) / static_cast<double>(labels.size());
}

Metrics metrics_of(const DetectorScores& scores, MetricsMethod method, int classes) {
  if (method != MetricsMethod::kThresholdSweep) return exact_metrics(scores.in, scores.out);
  const Detector& detector = *scores.detector;
  require(
      detector.sweep != nullptr,
      "the authors' threshold sweep has thresholds for the baseline and ODIN only: use the exact "
      "metrics for the score {}",
      detector.name);
  return sweep_metrics(scores.in, scores.out, detector.sweep(classes));
}

// Makes the FPR that of the other convention, in which the sets change places.
void make_out_positive(DetectorResult& result, const DetectorScores& scores) {
  const auto negated = [](std::vector<double> values) {
    for (double& value : values) value = -value;
    return values;
  };
  const std::vector<double> positive = negated(scores.out);
  const std::vector<double> negative = negated(scores.in);
  result.metrics.fpr_at_tpr95 = exact_metrics(positive, negative).fpr_at_tpr95;
  result.intervals.fpr_at_tpr95 = confidence_intervals(positive, negative).fpr_at_tpr95;
}

DetectorResult result_of(const DetectorScores& scores, const BenchmarkOptions& options,
                         int classes) {
  const MetricsMethod method = options.method;
  const bool perturbed = scores.detector->uses_odin_parameters;
  DetectorResult result;
  result.detector = scores.detector;
  result.temperature = perturbed ? scores.parameters.temperature : 1;
  result.magnitude = perturbed ? scores.parameters.magnitude : 0;
  result.metrics = metrics_of(scores, method, classes);
  if (method != MetricsMethod::kThresholdSweep) {
    result.intervals = confidence_intervals(scores.in, scores.out);
  }
  if (method == MetricsMethod::kBoth && scores.detector->sweep != nullptr) {
    result.sweep = metrics_of(scores, MetricsMethod::kThresholdSweep, classes);
  }
  if (options.positive == PositiveClass::kOut) make_out_positive(result, scores);
  return result;
}

void add_costs(Scorer& scorer, const Dataset& images, const std::vector<BenchmarkTask>& tasks,
               BenchmarkResult& result) {
  DetectorCosts costs(scorer, images);
  for (TaskResult& done : result.tasks) {
    for (DetectorResult& one : done.evaluation.detectors) {
      const Detector& used = one.tuned ? *one.tuned : *one.detector;
      one.milliseconds = costs.of(used, tasks[done.task].parameters);
    }
  }
}

}  // namespace

BenchmarkResult run_benchmark(Scorer& scorer, const NamedDataset& in,
                              const std::vector<BenchmarkTask>& tasks,
                              const BenchmarkOptions& options, Progress& progress) {
  const auto started = std::chrono::steady_clock::now();
  const std::vector<OdinParameters> parameters = parameters_of(tasks, options.detectors);
  const auto score = [&](const NamedDataset& set, std::span<const OdinParameters> of_set) {
    return score_set(scorer, set, of_set, options.scoring, progress);
  };
  BenchmarkResult result;
  result.positive = options.positive;
  const Scores in_scores = score(in, parameters);
  result.images = in.images->size();
  result.in_predictions = in_scores.predictions;
  const NetworkClasses network{scorer.num_classes(), scorer.class_names(), ""};
  const std::vector<std::int32_t> classes =
      options.in_classes ? *options.in_classes
                         : match_classes(*in.images, network, SetOrigin::kUnknown).classes;
  result.accuracy = accuracy_of(*in.images, classes, in_scores.predictions);

  const auto run_task = [&](std::size_t index) {
    const BenchmarkTask& task = tasks[index];
    require(task.failure.empty(), "{}", task.failure);
    const auto pair = std::ranges::find(parameters, task.parameters);
    const bool perturbed = pair != parameters.end();
    const auto of_in = static_cast<std::size_t>(pair - parameters.begin());
    const Scores out_scores =
        score(task.out, perturbed ? std::span(&task.parameters, 1) : std::span<OdinParameters>());
    result.images += task.out.images->size();
    TaskResult done;
    done.task = index;
    done.evaluation.out_set = task.out.display_name;
    done.evaluation.out_images = task.out.images->size();
    done.out_predictions = out_scores.predictions;
    for (std::size_t d = 0; d < options.detectors.size(); ++d) {
      const Detector* asked_for = options.detectors[d];
      const Detector* detector = task.detectors.empty() ? asked_for : task.detectors.at(d);
      done.scores.push_back({asked_for, task.parameters,
                             in_scores.of(*detector, detector->uses_odin_parameters ? of_in : 0),
                             out_scores.of(*detector)});
      done.evaluation.detectors.push_back(
          result_of(done.scores.back(), options, scorer.num_classes()));
      if (detector != asked_for) done.evaluation.detectors.back().tuned = detector;
    }
    result.tasks.push_back(std::move(done));
  };
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    try {
      run_task(i);
    } catch (const std::exception& error) {
      result.failures.push_back({i, error.what()});
    }
  }
  if (result.tasks.empty() && !result.failures.empty()) {
    fail("{}", result.failures.front().reason);
  }
  result.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  if (options.measure_cost) add_costs(scorer, *in.images, tasks, result);
  return result;
}

}  // namespace odin
