#include "eval/benchmark/score_ties.h"

#include <algorithm>
#include <span>

#include "kernels/error.h"

namespace odin {
namespace {

constexpr double kMostTies = 0.01;  // of a set's scores

// "12 of 400 (3.0%) of iSUN", or nothing if there are few.
std::string ties_of(const std::string& set, std::span<const double> scores) {
  const auto ties = std::ranges::count(scores, 1.0);
  const auto all = static_cast<double>(scores.size());
  if (static_cast<double>(ties) <= kMostTies * all) return "";
  return fmt::format("{} of {} ({:.1f}%) of {}", ties, scores.size(),
                     100 * static_cast<double>(ties) / all, set);
}

}  // namespace

std::optional<std::string> note_on_ties(const Job& job, const BenchmarkResult& result) {
  std::vector<std::string> sets;
  const auto add = [&](const NamedDataset& set, std::span<const double> scores) {
    std::string ties = ties_of(set.display_name, scores);
    if (!ties.empty()) sets.push_back(std::move(ties));
  };
  bool is_first = true;
  for (const TaskResult& done : result.tasks) {
    for (const DetectorScores& scores : done.scores) {
      if (scores.detector != &detectors::kBaseline) continue;
      if (is_first) add(job.in, scores.in);
      add(job.tasks[done.task].out, scores.out);
    }
    is_first = false;
  }
  if (sets.empty()) return {};
  return fmt::format(
      "Ties: the baseline's score is exactly 1 for {}. No threshold separates these images; the "
      "scores max_logit and energy do.",
      fmt::join(sets, ", "));
}

}  // namespace odin
