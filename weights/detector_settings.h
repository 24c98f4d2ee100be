// A detector's settings: what turns a network's scores into verdicts. They are kept in its file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace odin {

// What odin_calibrate found out. In a checkpoint's file, these are the attributes of the group
// `detector`, each with the name that it has here; a plain checkpoint has no such group.
struct DetectorSettings {
  std::string score;        // by which images are judged: "odin", "energy", ...
  double temperature = 1;   // of ODIN; 1 for a score without parameters
  double magnitude = 0;     // of ODIN's perturbation, in units of pixels in 0..1
  double threshold = 0;     // an image whose score is at least this is accepted as in-distribution
  double tpr = 0.95;        // the share of in-distribution images that should be accepted
  double tpr_low = 0;       // the ends of the 95 % confidence interval of the share of other images
  double tpr_high = 0;      // from the same source that are accepted
  std::int64_t images = 0;  // that the threshold was set on
  std::string images_name;  // their set, for readers: "CIFAR-10"
  // Of their pixels in order: (images, channels, side, side) floats in 0..1.
  std::string images_sha256;
  std::string fit;  // how they were brought to the network's size: "exact", "resize", ...

  // Of the in-distribution training images from which the score has learnt, as above: 0 and empty
  // for a score that learns nothing.
  std::int64_t training_images = 0;
  std::string training_images_name{};
  std::string training_images_sha256{};

  // The choice of the magnitude, if it was chosen: the mean score at each magnitude of the grid.
  // Both are empty otherwise.
  std::vector<double> magnitudes{};
  std::vector<double> mean_scores{};

  bool operator==(const DetectorSettings&) const = default;
};

// Throws Error unless every field has a value that a detector can have. Which scores exist is the
// caller's to check.
void validate(const DetectorSettings& settings);

}  // namespace odin
