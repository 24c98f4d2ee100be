#include "eval/metrics/score_histogram.h"

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include <doctest/doctest.h>

#include "kernels/error.h"

namespace odin {
namespace {

using Scores = std::vector<double>;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST_CASE("both sets share their bins, and the last bin includes its end") {
  const ScoreHistogram histogram = score_histogram(Scores{1, 2, 3, 3.5}, Scores{0, 0.5, 4}, 4);
  CHECK(histogram.begin == 0);
  CHECK(histogram.end == 4);
  CHECK(histogram.in == Scores{0, 0.25, 0.25, 0.5});
  CHECK(histogram.out == Scores{2.0 / 3, 0, 0, 1.0 / 3});
}

TEST_CASE("outliers count in the outermost bins") {
  Scores in(1000);
  std::iota(in.begin(), in.end(), 0.0);
  const Scores out{-1e9, 1e9, kInfinity, -kInfinity};
  const ScoreHistogram histogram = score_histogram(in, out, 10);
  // Of 1,002 finite scores, 2 are beyond each end: -1e9 and 0; 999 and 1e9.
  CHECK(histogram.begin == 1);
  CHECK(histogram.end == 998);
  CHECK(histogram.out == Scores{0.5, 0, 0, 0, 0, 0, 0, 0, 0, 0.5});
  // A thousand shares of 1 / 1000, each rounded at 1e-16.
  CHECK(std::abs(std::accumulate(histogram.in.begin(), histogram.in.end(), 0.0) - 1) < 1e-12);
  for (const double share : histogram.in) CHECK(std::abs(share - 0.1) < 0.002);
}

TEST_CASE("the bins are centred on equal scores") {
  for (const double score : {0.0, 0.1, -1e300, 1e-300}) {
    const ScoreHistogram histogram = score_histogram(Scores{score, score}, Scores{score}, 3);
    CAPTURE(score);
    CHECK(histogram.begin < score);
    CHECK(histogram.end > score);
    CHECK(histogram.in == Scores{0, 1, 0});
    CHECK(histogram.out == Scores{0, 1, 0});
  }
}

TEST_CASE("a histogram takes the largest doubles, and scores that are all infinite") {
  const double largest = std::numeric_limits<double>::max();
  const ScoreHistogram apart = score_histogram(Scores{largest, 0}, Scores{-largest}, 3);
  CHECK(apart.in == Scores{0, 0.5, 0.5});
  CHECK(apart.out == Scores{1, 0, 0});
  const ScoreHistogram infinite = score_histogram(Scores{kInfinity}, Scores{-kInfinity}, 2);
  CHECK(infinite.in == Scores{0, 1});
  CHECK(infinite.out == Scores{1, 0});
}

TEST_CASE("scores whose difference cannot be halved count as equal") {
  const double smallest = std::numeric_limits<double>::denorm_min();
  const ScoreHistogram histogram = score_histogram(Scores{0, smallest}, Scores{smallest}, 3);
  CHECK(histogram.in == Scores{0, 1, 0});
  CHECK(histogram.out == Scores{0, 1, 0});
}

TEST_CASE("a histogram of no scores, of NaN or without bins is an error") {
  CHECK_THROWS_AS(score_histogram(Scores{}, Scores{1}, 4), Error);
  CHECK_THROWS_AS(score_histogram(Scores{1}, Scores{}, 4), Error);
  CHECK_THROWS_AS(score_histogram(Scores{std::nan("")}, Scores{1}, 4), Error);
  CHECK_THROWS_AS(score_histogram(Scores{1}, Scores{1}, 0), Error);
}

}  // namespace
}  // namespace odin
