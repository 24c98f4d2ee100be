// The results of a run as data, and their text, Markdown, CSV and JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "eval/metrics/confidence.h"
#include "eval/metrics/metrics.h"
#include "eval/published/figures.h"
#include "eval/scoring/detector.h"
#include "eval/scoring/search_grid.h"

namespace odin {

// How well one detector separates one out-of-distribution set from the in-distribution set.
struct DetectorResult {
  const Detector* detector = nullptr;
  double temperature = 1;  // used by the detector
  double magnitude = 0;    // used by the detector
  Metrics metrics;
  // For the same sets and detector, and a network of this name.
  std::optional<PublishedFigures> published;
  std::optional<Metrics> sweep{};  // the threshold sweep's, if both were asked for
  MetricIntervals intervals{};     // of exact metrics, 95 %
  // The detector with other options, which a search chose for this set; nullptr: with its own.
  const Detector* tuned = nullptr;
  // What the detector costs for an image, in milliseconds, beside the forward pass that all share.
  std::optional<double> milliseconds{};

  // The published figures, if they are of the same network: to be shown next to ours.
  const PublishedFigures* comparable() const {
    return published && !published->another_network ? &*published : nullptr;
  }
};

// One out-of-distribution set against the in-distribution set.
struct Evaluation {
  std::string out_set;  // as displayed: "Tiny-ImageNet (crop)"
  std::int64_t out_images = 0;
  std::vector<DetectorResult> detectors;  // the same ones for every set
};

// An out-of-distribution set that was asked for but is missing.
struct MissingSet {
  std::string name;     // as displayed: "LSUN (crop)"
  std::string reason;   // "there is no D/LSUN"
  std::string command;  // that fetches it; empty if unknown
};

// An out-of-distribution set that failed after the work had begun.
struct FailedSet {
  std::string name;  // as displayed
  std::string reason;
};

struct Report {
  std::string network;  // "DenseNet-BC-100"
  std::string weights;  // file of the network
  std::string in_set;   // as displayed: "CIFAR-10"
  std::int64_t in_images = 0;
  std::optional<double> accuracy;  // fraction of the in-distribution images classified correctly
  std::vector<Evaluation> evaluations;
  std::vector<MissingSet> missing;
  std::vector<SearchResult> searches;  // that chose ODIN's parameters, if any
  // What a reader of the figures should know, a sentence each.
  std::vector<std::string> notes{};
  std::vector<FailedSet> failed{};

  MetricsMethod method = MetricsMethod::kExact;
  PositiveClass positive = PositiveClass::kIn;
  std::string device;  // "cpu (avx512, 2 threads)"
  std::int64_t batch_size = 0;
  int threads = 0;
  int ranks = 1;
  std::uint64_t seed = 0;
  std::int64_t skip = 0;
  std::int64_t limit = 0;
  double seconds = 0;            // that scoring took
  double images_per_second = 0;  // over all sets
};

// A table like that of the authors' code for each out-of-distribution set, the accuracy if known,
// and a line of explanation if a figure is "n/a". These notes are broken at spaces where they are
// longer than `columns`. Every line ends in a newline.
std::string to_text(const Report& report, std::optional<int> columns = {});

// One table like the paper's: a row for each out-of-distribution set, a column for each figure, and
// the detectors next to each other in a cell. The paper's own figures, if any, follow in a row
// below. After the table come the missing sets, the results of searches, and the source of the
// paper's figures, broken likewise.
std::string to_table(const Report& report, std::optional<int> columns = {});
// The same for a terminal of `columns`: a line for each set and detector, with short headings.
// Figures need 40 columns, or some more with a longer name of a detector. The rest is broken at
// spaces.
std::string to_narrow_table(const Report& report, int columns);
// For many detectors: a row for each, the highest average AUROC first, with FPR and AUROC averaged
// and of each set, the cost if it is known, and a mark at the best of each column; all five figures
// where there is one set. Sets that do not fit into `columns` next to each other follow below.
std::string to_detector_table(const Report& report, std::optional<int> columns = {});
// to_text() for one set and to_table() for several, as they are where `columns` is none, which is
// not a terminal. On a terminal whose columns do not hold the figures, to_narrow_table(). More than
// kMostDetectorColumns (eval/report/comparison.h) detectors always have to_detector_table().
std::string to_output(const Report& report, std::optional<int> columns);
// The same as a GitHub Markdown table: that of to_table() or, for many detectors, of
// to_detector_table(), with the best in bold.
std::string to_markdown(const Report& report);

// A line of names, then one line for each set and detector, and one more if the paper has figures.
// `source` is "ours" or the paper's edition. Figures are unrounded fractions; an undefined figure
// is empty. The bounds of 95 % confidence intervals come last, and are empty where there are none;
// where the cost of a detector is known, `milliseconds` follows them. A missing set has one line
// with the source "missing", a failed one with the source "failed", and a note one with the source
// "note" and its sentence in place of a set. RFC 4180.
std::string to_csv(const Report& report);

// The whole report as one indented JSON object. Figures are unrounded fractions; an undefined
// figure is null. Ends in a newline.
std::string to_json(const Report& report);

}  // namespace odin
