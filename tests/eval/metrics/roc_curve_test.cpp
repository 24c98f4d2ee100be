#include "eval/metrics/roc_curve.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <doctest/doctest.h>

#include "eval/metrics/metrics.h"
#include "kernels/error.h"

namespace odin {
namespace {

using Scores = std::vector<double>;

// Normally distributed with mean `shift`; rounded to hundredths to get ties.
Scores normal_scores(std::size_t count, double shift, unsigned seed, bool ties) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal(shift);
  Scores scores(count);
  for (double& score : scores) {
    score = normal(random);
    if (ties) score = std::round(score * 100) / 100;
  }
  return scores;
}

double area_below(const std::vector<RocPoint>& points) {
  double area = 0;
  for (std::size_t i = 1; i < points.size(); ++i) {
    area += (points[i].fpr - points[i - 1].fpr) * (points[i].tpr + points[i - 1].tpr) / 2;
  }
  return area;
}

double distance(const RocPoint& p, const RocPoint& a, const RocPoint& b) {
  const double dx = b.fpr - a.fpr;
  const double dy = b.tpr - a.tpr;
  const double squared = dx * dx + dy * dy;
  const double along = squared > 0 ? ((p.fpr - a.fpr) * dx + (p.tpr - a.tpr) * dy) / squared : 0;
  const double t = std::clamp(along, 0.0, 1.0);
  return std::hypot(p.fpr - a.fpr - t * dx, p.tpr - a.tpr - t * dy);
}

double distance(const RocPoint& p, const std::vector<RocPoint>& curve) {
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 1; i < curve.size(); ++i) {
    least = std::min(least, distance(p, curve[i - 1], curve[i]));
  }
  return least;
}

TEST_CASE("the curve of four against four scores with a tie") {
  const RocCurve curve = roc_curve(Scores{0.9, 0.3, 0.8, 0.7}, Scores{0.1, 0.6, 0.3, 0.5}, 100);
  CHECK(curve.points == std::vector<RocPoint>{{0, 0},
                                              {0, 0.25},
                                              {0, 0.5},
                                              {0, 0.75},
                                              {0.25, 0.75},
                                              {0.5, 0.75},
                                              {0.75, 1},  // one of each at 0.3
                                              {1, 1}});
  CHECK(curve.at_tpr95 == RocPoint{0.75, 1});
  CHECK(curve.threshold == 0.3);
}

TEST_CASE("the area below the whole curve is the AUROC, and its mark is the FPR at TPR 95 %") {
  for (const bool ties : {false, true}) {
    const Scores in = normal_scores(900, 1, 1, ties);
    const Scores out = normal_scores(700, 0, 2, ties);
    const RocCurve curve = roc_curve(in, out, 10000);
    const Metrics metrics = exact_metrics(in, out);
    // Sums of fewer than 2,000 fractions, each rounded at 1e-16.
    CHECK(std::abs(area_below(curve.points) - metrics.auroc) < 1e-12);
    CHECK(curve.at_tpr95.fpr == *metrics.fpr_at_tpr95);
    CHECK(curve.at_tpr95.tpr >= 0.95);
  }
}

TEST_CASE("a thinned curve keeps its ends, has no new point, and stays close to the whole curve") {
  for (const double shift : {0.0, 1.0, 3.0, -2.0}) {
    const Scores in = normal_scores(10000, shift, 3, shift == 3);
    const Scores out = normal_scores(9000, 0, 4, shift == 3);
    const std::vector<RocPoint> whole = roc_curve(in, out, 100000).points;
    for (const std::size_t limit : {4, 5, 50, 600}) {
      CAPTURE(shift);
      CAPTURE(limit);
      const std::vector<RocPoint> thinned = roc_curve(in, out, limit).points;
      CHECK(thinned.size() <= limit);
      CHECK(thinned.size() < whole.size());
      CHECK(thinned.front() == RocPoint{0, 0});
      CHECK(thinned.back() == RocPoint{1, 1});
      // A subsequence of the whole curve.
      auto at = whole.begin();
      for (const RocPoint& point : thinned) {
        at = std::find(at, whole.end(), point);
        REQUIRE(at != whole.end());
      }
      double furthest = 0;
      for (std::size_t i = 0; i < whole.size(); i += 7) {
        furthest = std::max(furthest, distance(whole[i], thinned));
      }
      CHECK(furthest <= kRocThinning / static_cast<double>(limit));
    }
  }
}

TEST_CASE("curves of separated, equal and infinite scores") {
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(roc_curve(Scores{1}, Scores{0}, 4).points == std::vector<RocPoint>{{0, 0}, {0, 1}, {1, 1}});
  CHECK(roc_curve(Scores{1, 1}, Scores{1}, 4).points == std::vector<RocPoint>{{0, 0}, {1, 1}});
  const RocCurve curve = roc_curve(Scores{infinity}, Scores{-infinity}, 4);
  CHECK(curve.points == std::vector<RocPoint>{{0, 0}, {0, 1}, {1, 1}});
  CHECK(curve.threshold == infinity);
}

TEST_CASE("a curve of no scores, of NaN or of too few points is an error") {
  CHECK_THROWS_AS(roc_curve(Scores{}, Scores{1}, 100), Error);
  CHECK_THROWS_AS(roc_curve(Scores{1}, Scores{}, 100), Error);
  CHECK_THROWS_AS(roc_curve(Scores{1}, Scores{std::nan("")}, 100), Error);
  CHECK_THROWS_AS(roc_curve(Scores{1}, Scores{0}, 3), Error);
}

}  // namespace
}  // namespace odin
