#include "eval/benchmark/score_ties.h"

#include <doctest/doctest.h>

namespace odin {
namespace {

Job job_of_two_sets() {
  Job job;
  job.in.display_name = "CIFAR-10";
  job.tasks.resize(2);
  job.tasks[0].out.display_name = "iSUN";
  job.tasks[1].out.display_name = "noise";
  return job;
}

std::optional<std::string> note(const std::vector<double>& in, const std::vector<double>& out,
                                const Detector& detector = detectors::kBaseline) {
  BenchmarkResult result;
  result.tasks.resize(2);
  result.tasks[0].scores = {{&detector, {}, in, out}};
  result.tasks[1].task = 1;
  result.tasks[1].scores = {{&detector, {}, in, {0.5}}};
  return note_on_ties(job_of_two_sets(), result);
}

TEST_CASE(
    "the report names the sets of which more than 1 % of the baseline's scores are exactly 1") {
  std::vector<double> few(200, 0.5);
  few[7] = few[8] = 1;
  std::vector<double> more = few;
  more[9] = 1;
  CHECK(note(few, few) == std::nullopt);
  CHECK(note(more, few) ==
        "Ties: the baseline's score is exactly 1 for 3 of 200 (1.5%) of CIFAR-10. No threshold "
        "separates these images; the scores max_logit and energy do.");
  CHECK(note(more, {1, 1}) ==
        "Ties: the baseline's score is exactly 1 for 3 of 200 (1.5%) of CIFAR-10, 2 of 2 (100.0%) "
        "of iSUN. No threshold separates these images; the scores max_logit and energy do.");
  CHECK(note({0.99999999999999989}, few) == std::nullopt);
  CHECK(note(more, more, detectors::kMaxLogit) == std::nullopt);
}

TEST_CASE("ties are of the set that was scored, where one before it failed") {
  BenchmarkResult result;
  result.tasks.resize(1);
  result.tasks[0].task = 1;
  result.tasks[0].scores = {{&detectors::kBaseline, {}, {0.5}, {1}}};
  CHECK(note_on_ties(job_of_two_sets(), result) ==
        "Ties: the baseline's score is exactly 1 for 1 of 1 (100.0%) of noise. No threshold "
        "separates these images; the scores max_logit and energy do.");
}

}  // namespace
}  // namespace odin
