// The results of a run, as the table of ODIN's release and as JSON.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "eval/metrics.h"

namespace odin {

// How well one detector tells one out-of-distribution set from the in-distribution set.
struct DetectorResult {
  std::string id;          // in JSON: "baseline", "odin"
  std::string heading;     // over its column: "Baseline", "Our Method"
  double temperature = 1;  // that the detector used
  double magnitude = 0;    // that the detector used
  Metrics metrics;
};

// One out-of-distribution set against the in-distribution set.
struct Evaluation {
  std::string out_set;  // as displayed: "Tiny-ImageNet (crop)"
  std::int64_t out_images = 0;
  std::vector<DetectorResult> detectors;  // the columns of its table
};

struct Report {
  std::string network;  // "DenseNet-BC-100"
  std::string weights;  // file that the network was read from
  std::string in_set;   // as displayed: "CIFAR-10"
  std::int64_t in_images = 0;
  std::optional<double> accuracy;  // fraction of the in-distribution images classified correctly
  std::vector<Evaluation> evaluations;

  MetricsMethod method = MetricsMethod::kExact;
  std::string device;  // "cpu (avx512, 2 threads)"
  std::int64_t batch_size = 0;
  int threads = 0;
  std::uint64_t seed = 0;
  std::int64_t skip = 0;
  std::int64_t limit = 0;
  double seconds = 0;                           // that scoring took
  double images_per_second = 0;                 // over all sets
  std::map<std::string, std::string> versions;  // of libraries; ours is added
};

// A table like the release's for each out-of-distribution set, the accuracy if there is one, and a
// line of explanation where a figure is "n/a". Every line ends in a newline.
std::string to_text(const Report& report);

// All of it as one JSON object, indented, with figures unrounded as fractions; an undefined figure
// is null. Ends in a newline.
std::string to_json(const Report& report);

}  // namespace odin
