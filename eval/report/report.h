// The results of a run as plain data, and as text, Markdown, CSV and JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "eval/metrics/metrics.h"
#include "eval/paper/paper_figures.h"
#include "eval/scoring/detector.h"
#include "eval/scoring/search_grid.h"

namespace odin {

// How well one detector tells one out-of-distribution set from the in-distribution set.
struct DetectorResult {
  const Detector* detector = nullptr;
  double temperature = 1;  // that the detector used
  double magnitude = 0;    // that the detector used
  Metrics metrics;
  std::optional<PaperFigures> paper;  // for the same network, sets and detector
};

// One out-of-distribution set against the in-distribution set.
struct Evaluation {
  std::string out_set;  // as displayed: "Tiny-ImageNet (crop)"
  std::int64_t out_images = 0;
  std::vector<DetectorResult> detectors;  // the same for every set
};

// An out-of-distribution set that was asked for and is not there.
struct MissingSet {
  std::string name;     // as displayed: "LSUN (crop)"
  std::string reason;   // "there is no D/LSUN"
  std::string command;  // that fetches it; empty where none is known
};

struct Report {
  std::string network;  // "DenseNet-BC-100"
  std::string weights;  // file that the network was read from
  std::string in_set;   // as displayed: "CIFAR-10"
  std::int64_t in_images = 0;
  std::optional<double> accuracy;  // fraction of the in-distribution images classified correctly
  std::vector<Evaluation> evaluations;
  std::vector<MissingSet> missing;
  std::vector<SearchResult> searches;  // that chose ODIN's parameters, if any did

  MetricsMethod method = MetricsMethod::kExact;
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

// A table like the release's for each out-of-distribution set, the accuracy if there is one, and a
// line of explanation where a figure is "n/a". Every line ends in a newline.
std::string to_text(const Report& report);

// One table like the paper's: a row for each out-of-distribution set, a column for each figure, the
// detectors beside each other in a cell, the paper's own figures in a row below, where it has any;
// then the sets that are missing, what a search found, and where the paper's figures are from.
std::string to_table(const Report& report);
// The same in Markdown (GitHub's tables).
std::string to_markdown(const Report& report);

// A line of names, then one for each set and detector, and one more where the paper has figures
// (`source` says which: "ours" or the paper's edition); unrounded fractions, empty where there is
// no figure. A missing set has one line, of source "missing". RFC 4180.
std::string to_csv(const Report& report);

// All of it as one JSON object, indented, with figures unrounded as fractions; an undefined figure
// is null. Ends in a newline.
std::string to_json(const Report& report);

}  // namespace odin
