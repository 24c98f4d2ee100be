#include "weights/detector_attributes.h"

#include "kernels/error.h"
#include "weights/hdf5_attribute.h"

namespace odin {
namespace {

using hdf5::check;
using hdf5::Handle;

// Whoever changes what the attributes mean raises it. Version 2 adds what the score has learnt.
// Files without that have version 1, which older programs read.
constexpr std::int64_t kVersion = 2;

}  // namespace

std::optional<DetectorSettings> read_detector_settings(const Handle& root) {
  constexpr const char* kUnreadable = "its group detector cannot be read";
  if (check(H5Lexists(root.get(), kDetectorGroup, H5P_DEFAULT), "{}", kUnreadable) == 0) return {};
  H5L_info_t link{};
  check(H5Lget_info(root.get(), kDetectorGroup, &link, H5P_DEFAULT), "{}", kUnreadable);
  require(link.type == H5L_TYPE_HARD,
          "its group detector is a soft or external link, which is not followed");
  const Handle group(check(H5Oopen(root.get(), kDetectorGroup, H5P_DEFAULT), "{}", kUnreadable));
  require(H5Iget_type(group.get()) == H5I_GROUP, "its entry detector is not a group");

  try {
    const std::int64_t version = hdf5::read_integer(group, "version");
    require(version >= 1 && version <= kVersion,
            "its detector has version {} where 1 to {} are expected; use a version of this program "
            "that is as {} as the file",
            version, kVersion, version > kVersion ? "new" : "old");
    DetectorSettings s;
    s.score = hdf5::read_string(group, "score");
    s.temperature = hdf5::read_number(group, "temperature");
    s.magnitude = hdf5::read_number(group, "magnitude");
    s.threshold = hdf5::read_number(group, "threshold");
    s.tpr = hdf5::read_number(group, "tpr");
    s.tpr_low = hdf5::read_number(group, "tpr_low");
    s.tpr_high = hdf5::read_number(group, "tpr_high");
    s.images = hdf5::read_integer(group, "images");
    s.images_name = hdf5::read_string(group, "images_name");
    s.images_sha256 = hdf5::read_string(group, "images_sha256");
    s.fit = hdf5::read_string(group, "fit");
    s.magnitudes = hdf5::read_numbers(group, "magnitudes");
    s.mean_scores = hdf5::read_numbers(group, "mean_scores");
    if (version > 1) {
      s.training_images = hdf5::read_integer(group, "training_images");
      s.training_images_name = hdf5::read_string(group, "training_images_name");
      s.training_images_sha256 = hdf5::read_string(group, "training_images_sha256");
      require(s.training_images > 0, "its detector was fitted on {} images", s.training_images);
    }
    validate(s);
    return s;
  } catch (const Error& error) {
    fail("{} (in its group {})", error.what(), kDetectorGroup);
  }
}

void write_detector_settings(const DetectorSettings& s, const Handle& group) {
  const bool fitted = s.training_images > 0;
  hdf5::write_integer(group, "version", fitted ? kVersion : 1);
  hdf5::write_string(group, "score", s.score);
  hdf5::write_number(group, "temperature", s.temperature);
  hdf5::write_number(group, "magnitude", s.magnitude);
  hdf5::write_number(group, "threshold", s.threshold);
  hdf5::write_number(group, "tpr", s.tpr);
  hdf5::write_number(group, "tpr_low", s.tpr_low);
  hdf5::write_number(group, "tpr_high", s.tpr_high);
  hdf5::write_integer(group, "images", s.images);
  hdf5::write_string(group, "images_name", s.images_name);
  hdf5::write_string(group, "images_sha256", s.images_sha256);
  hdf5::write_string(group, "fit", s.fit);
  hdf5::write_numbers(group, "magnitudes", s.magnitudes);
  hdf5::write_numbers(group, "mean_scores", s.mean_scores);
  if (!fitted) return;
  hdf5::write_integer(group, "training_images", s.training_images);
  hdf5::write_string(group, "training_images_name", s.training_images_name);
  hdf5::write_string(group, "training_images_sha256", s.training_images_sha256);
}

}  // namespace odin
