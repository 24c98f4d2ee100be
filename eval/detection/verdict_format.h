// What odin_detect writes: one line for each image, and a summary.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "eval/detection/ood_detector.h"

namespace odin {

class VerdictFormat {
 public:
  virtual ~VerdictFormat() = default;
  // The line before all others, or nothing.
  virtual std::string header() const = 0;
  virtual std::string line(const std::string& file, const Verdict& verdict) const = 0;
  // For an image that cannot be judged, because of what the sentence `problem` says; nothing where
  // such lines have no place.
  virtual std::string problem_line(const std::string& file, const std::string& problem) const = 0;
};

// Each takes the network's class names, one per class, or none. Every line ends with a line break.
//
// Columns for people, and safe to print whatever the names hold. Problems have no line.
std::unique_ptr<VerdictFormat> verdict_text(const std::vector<std::string>& class_names,
                                            int classes);
// One JSON object a line, with all digits. Bytes of names that are not UTF-8 become U+FFFD.
std::unique_ptr<VerdictFormat> verdict_json(std::vector<std::string> class_names);
// CSV (RFC 4180) with all digits and all bytes of names.
std::unique_ptr<VerdictFormat> verdict_csv(std::vector<std::string> class_names);

// How many images were judged, and how.
struct VerdictCounts {
  std::int64_t accepted = 0;
  std::int64_t rejected = 0;
  std::int64_t unreadable = 0;

  std::int64_t images() const { return accepted + rejected + unreadable; }
};

// A few lines that say so, what the threshold is and where it comes from, and how many images a
// second there were in `seconds`, if given.
std::string summary_of(const VerdictCounts& counts, const DetectorSettings& settings,
                       std::optional<double> seconds);

}  // namespace odin
