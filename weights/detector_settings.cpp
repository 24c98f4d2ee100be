#include "weights/detector_settings.h"

#include <algorithm>
#include <cmath>

#include "kernels/error.h"

namespace odin {
namespace {

void require_sha256(const std::string& digest, const char* name) {
  require(digest.size() == 64 && digest.find_first_not_of("0123456789abcdef") == std::string::npos,
          "its detector's {} is not 64 hexadecimal digits", name);
}

}  // namespace

void validate(const DetectorSettings& s) {
  require(!s.score.empty(), "its detector has no score");
  require(std::isfinite(s.temperature) && s.temperature > 0,
          "its detector's temperature is {} where a positive number is expected", s.temperature);
  require(std::isfinite(s.magnitude) && s.magnitude >= 0,
          "its detector's magnitude is {} where a number of at least 0 is expected", s.magnitude);
  require(std::isfinite(s.threshold),
          "its detector's threshold is {} where a finite number is expected", s.threshold);
  require(s.tpr > 0 && s.tpr < 1, "its detector's TPR is {} where one between 0 and 1 is expected",
          s.tpr);
  require(s.tpr_low >= 0 && s.tpr_low <= s.tpr_high && s.tpr_high <= 1,
          "its detector's interval of the TPR is {} to {}, which is none within 0 and 1", s.tpr_low,
          s.tpr_high);
  require(s.images > 0, "its detector was made from {} images", s.images);
  require_sha256(s.images_sha256, "images_sha256");
  require(s.training_images >= 0, "its detector was fitted on {} images", s.training_images);
  if (s.training_images > 0) {
    require_sha256(s.training_images_sha256, "training_images_sha256");
  } else {
    require(s.training_images_name.empty() && s.training_images_sha256.empty(),
            "its detector names training images, but was fitted on none");
  }
  require(s.magnitudes.size() == s.mean_scores.size(),
          "its detector has mean scores for {} of {} magnitudes", s.mean_scores.size(),
          s.magnitudes.size());
  require(std::ranges::all_of(s.magnitudes, [](double m) { return std::isfinite(m) && m >= 0; }) &&
              std::ranges::all_of(s.mean_scores, [](double m) { return std::isfinite(m); }),
          "the curve of its detector's magnitudes has a value that is none");
}

}  // namespace odin
