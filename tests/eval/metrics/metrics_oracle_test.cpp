// The metrics against scikit-learn and NumPy (metrics_oracle.py).
#include <cmath>
#include <cstddef>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "eval/metrics/threshold_sweep.h"
#include "tests/eval/metrics/metrics_support.h"
#include "tests/support/support.h"

namespace odin::test {
namespace {

struct ScoreSet {
  std::string name;
  ThresholdSweep sweep;
  Scores in;
  Scores out;
};

// Sets of scores in the range of a sweep; ODIN's is the narrow one.
std::vector<ScoreSet> score_sets(const ThresholdSweep& sweep) {
  std::mt19937_64 random(1);
  const auto uniform = [&] { return std::generate_canonical<double, 53>(random); };
  const auto at = [&](double share) { return sweep.begin + share * (sweep.end - sweep.begin); };
  const auto high = [&] { return at(std::sqrt(uniform())); };
  const auto low = [&] { return at(uniform() * uniform()); };
  const auto upper_part = [&] { return at(0.6 + 0.4 * uniform()); };
  const auto lower_part = [&] { return at(0.5 * uniform()); };
  const auto eighths = [&](const auto& share) {
    return [&, share] { return at(std::floor(8 * share()) / 8); };
  };
  // Scores equal to thresholds, ascending and descending, or one unit in the last place away, so
  // that thresholds with a wrong last bit give other counts.
  const double step = (sweep.end - sweep.begin) / 100000;
  Scores thresholds = arange(sweep.begin, sweep.end, step);
  const Scores descending = arange(sweep.end, sweep.begin, -step);
  thresholds.insert(thresholds.end(), descending.begin(), descending.end());
  const auto near_threshold = [&] {
    const double t = thresholds[random() % thresholds.size()];
    const auto where = random() % 4;
    return where == 0 ? std::nextafter(t, 0.0) : where == 1 ? std::nextafter(t, 1.0) : t;
  };
  const auto sample = [&](std::size_t count, const auto& draw) {
    Scores scores(count);
    for (double& score : scores) score = draw();
    return scores;
  };
  return {
      {"overlapping", sweep, sample(150, high), sample(110, low)},
      {"unequal-sizes", sweep, sample(200, high), sample(3, low)},
      {"ties", sweep, sample(100, eighths([&] { return std::sqrt(uniform()); })),
       sample(80, eighths(uniform))},
      {"separated", sweep, sample(60, upper_part), sample(50, lower_part)},
      {"inverted", sweep, sample(50, lower_part), sample(60, upper_part)},
      {"one-each", sweep, {at(0.7)}, {at(0.3)}},
      {"all-equal", sweep, Scores(20, at(0.25)), Scores(30, at(0.25))},
      {"at-chance", sweep, Scores(20, sweep.begin), Scores(5, sweep.begin)},
      {"on-thresholds", sweep, sample(150, near_threshold), sample(150, near_threshold)},
      {"partly-outside",
       sweep,
       {at(-0.1), at(0.4), at(1.2)},
       {at(-0.2), at(0.3), at(0.6), at(1.1)}},
      {"below", sweep, {at(-0.1), at(-0.2)}, {at(-0.1), at(-0.3)}},
      {"above", sweep, {at(1.1), at(1.2)}, {at(1.1), at(1.3)}},
  };
}

void write(const Scores& scores, const std::filesystem::path& file) {
  std::ofstream stream(file);
  for (const double score : scores) stream << fmt::format("{}\n", score);
}

// Whether Python has these modules. If not, the test is skipped.
bool python_has(std::string_view modules) {
  const auto found = run_program(fmt::format("{} -c 'import {}'", ODIN_PYTHON, modules));
  if (found.exit_status == 0) return true;
  skip(fmt::format("{} has no {} (Debian: python3-sklearn)", ODIN_PYTHON, modules));
  return false;
}

// Compares both kinds of metrics of every set with those of metrics_oracle.py.
void check_against_oracle(const std::vector<ScoreSet>& sets) {
  const TemporaryFolder folder;
  std::ofstream list(folder / "sets.txt");
  for (const ScoreSet& set : sets) {
    list << fmt::format("{} {} {} {}\n", set.name, set.sweep.begin, set.sweep.end,
                        set.sweep.auroc_counts_equal ? "greater_equal" : "greater");
    write(set.in, folder / (set.name + "-in.txt"));
    write(set.out, folder / (set.name + "-out.txt"));
  }
  list.close();
  const auto oracle =
      run_program(fmt::format("{} '{}/tests/eval/metrics/metrics_oracle.py' '{}'", ODIN_PYTHON,
                              ODIN_SOURCE_DIR, folder.path().string()));
  REQUIRE_MESSAGE(oracle.exit_status == 0, oracle.errors);

  std::istringstream words(oracle.output);
  const auto next = [&]() -> std::optional<double> {
    std::string word;
    REQUIRE(static_cast<bool>(words >> word));
    if (word == "None") return std::nullopt;
    return std::stod(word);
  };
  const auto next_metrics = [&] {
    return Metrics{next(), next().value(), next().value(), next(), next()};  // in this order
  };
  for (const ScoreSet& set : sets) {
    CAPTURE(set.name);
    check_equal(exact_metrics(set.in, set.out), next_metrics());
    check_equal(sweep_metrics(set.in, set.out, set.sweep), next_metrics());
  }
}

TEST_CASE("metrics equal scikit-learn's and a literal sweep in NumPy: baseline, 10 classes") {
  if (python_has("numpy, sklearn")) check_against_oracle(score_sets(baseline_sweep(10)));
}

TEST_CASE("metrics equal scikit-learn's and a literal sweep in NumPy: baseline, 100 classes") {
  if (python_has("numpy, sklearn")) check_against_oracle(score_sets(baseline_sweep(100)));
}

TEST_CASE("metrics equal scikit-learn's and a literal sweep in NumPy: ODIN, 10 classes") {
  if (python_has("numpy, sklearn")) check_against_oracle(score_sets(odin_sweep(10)));
}

TEST_CASE("metrics equal scikit-learn's and a literal sweep in NumPy: ODIN, 100 classes") {
  if (python_has("numpy, sklearn")) check_against_oracle(score_sets(odin_sweep(100)));
}

TEST_CASE("thresholds are NumPy's arange bit for bit") {
  if (!python_has("numpy")) return;
  const TemporaryFolder folder;
  const std::string file = (folder / "thresholds").string();
  for (const ThresholdSweep& sweep :
       {baseline_sweep(10), baseline_sweep(100), odin_sweep(10), odin_sweep(100)}) {
    const double step = (sweep.end - sweep.begin) / 100000;
    Scores found = arange(sweep.begin, sweep.end, step);
    const Scores descending = arange(sweep.end, sweep.begin, -step);
    CHECK(found.size() >= 100000);
    CHECK(descending.size() >= 100000);
    found.insert(found.end(), descending.begin(), descending.end());

    const auto oracle = run_program(
        fmt::format("{} -c 'import numpy as np; a, b = {}, {}; h = (b - a) / 100000; "
                    "np.concatenate([np.arange(a, b, h), np.arange(b, a, -h)]).tofile(\"{}\")'",
                    ODIN_PYTHON, sweep.begin, sweep.end, file));
    REQUIRE_MESSAGE(oracle.exit_status == 0, oracle.errors);
    Scores expected(std::filesystem::file_size(file) / sizeof(double));
    std::ifstream(file, std::ios::binary)
        .read(reinterpret_cast<char*>(expected.data()),
              static_cast<std::streamsize>(expected.size() * sizeof(double)));
    CAPTURE(sweep.begin);
    CAPTURE(sweep.end);
    CHECK(found == expected);
  }
}

TEST_CASE("an empty arange has no values, a short one ends before its end") {
  CHECK(arange(1, 1, 0.5).empty());
  CHECK(arange(1, 0, 0.5).empty());
  CHECK(arange(0, 1, 0.5) == Scores{0, 0.5});
  CHECK(arange(1, 0, -0.25) == Scores{1, 0.75, 0.5, 0.25});
}

}  // namespace
}  // namespace odin::test
