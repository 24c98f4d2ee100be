// A detector's settings in the file of its network.
#include <functional>
#include <limits>
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "kernels/error.h"
#include "tests/weights/damaged_checkpoint.h"
#include "tests/weights/sample_detector.h"

namespace odin {
namespace {

using test::Damaged;
using test::kStart;
using test::sample_detector;

// Changes the group `detector` of a detector's file. Returns what its reader says.
std::string error_after(const std::function<void(hid_t)>& change) {
  Checkpoint checkpoint = test::small_densenet();
  checkpoint.detector = sample_detector();
  const Damaged file(
      [&](hid_t root) {
        const hid_t group = H5Gopen2(root, "detector", H5P_DEFAULT);
        change(group);
        H5Gclose(group);
      },
      checkpoint);
  return file.error();
}

TEST_CASE("a detector's file is read back, and is a checkpoint besides") {
  const test::TemporaryFolder folder;
  Checkpoint checkpoint = test::small_densenet();
  CHECK_FALSE(checkpoint.detector);
  write_checkpoint(checkpoint, folder / "net.h5");
  CHECK_FALSE(read_checkpoint(folder / "net.h5").detector);

  for (const bool chosen : {true, false}) {
    DetectorSettings settings = sample_detector();
    if (!chosen) {
      settings.magnitudes.clear();
      settings.mean_scores.clear();
    }
    checkpoint.detector = settings;
    write_checkpoint(checkpoint, folder / "detector.h5");
    const Checkpoint read = read_checkpoint(folder / "detector.h5");
    CHECK(read.detector == settings);
    CHECK(test::same(read, checkpoint));
    write_checkpoint(read, folder / "again.h5");
    CHECK(test::content_of(folder / "again.h5") == test::content_of(folder / "detector.h5"));
  }
}

TEST_CASE("a checkpoint without a detector has the bytes that it always had") {
  const test::TemporaryFolder folder;
  write_checkpoint(test::small_densenet(), folder / "net.h5");
  CHECK(test::content_of(folder / "net.h5").find("detector") == std::string::npos);
}

TEST_CASE("a missing attribute of a detector is named") {
  for (const char* name :
       {"version", "score", "temperature", "magnitude", "threshold", "tpr", "tpr_low", "tpr_high",
        "images", "images_name", "images_sha256", "fit", "magnitudes", "mean_scores"}) {
    CHECK(error_after([&](hid_t group) { H5Adelete(group, name); }) ==
          kStart + fmt::format("its attribute {} is missing (in its group detector)", name));
  }
}

TEST_CASE("a detector with a wrong setting is refused") {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  struct Case {
    std::function<void(hid_t)> change;
    const char* clause;
  };
  const Case cases[] = {
      {[](hid_t g) { test::set_integer(g, "version", 3); },
       "its detector has version 3 where 1 to 2 are expected; use a version of this program that "
       "is as new as the file"},
      {[](hid_t g) { test::set_integer(g, "version", 0); },
       "its detector has version 0 where 1 to 2 are expected; use a version of this program that "
       "is as old as the file"},
      {[](hid_t g) { test::set_text(g, "score", ""); }, "its detector has no score"},
      {[](hid_t g) { test::set_number(g, "temperature", 0); },
       "its detector's temperature is 0 where a positive number is expected"},
      {[](hid_t g) { test::set_number(g, "temperature", kInfinity); },
       "its detector's temperature is inf where a positive number is expected"},
      {[](hid_t g) { test::set_number(g, "magnitude", -0.1); },
       "its detector's magnitude is -0.1 where a number of at least 0 is expected"},
      {[](hid_t g) { test::set_number(g, "threshold", kNan); },
       "its detector's threshold is nan where a finite number is expected"},
      {[](hid_t g) { test::set_text(g, "threshold", "high"); },
       "its attribute threshold holds text where a number is expected"},
      {[](hid_t g) { test::set_number(g, "tpr", 1); },
       "its detector's TPR is 1 where one between 0 and 1 is expected"},
      {[](hid_t g) { test::set_number(g, "tpr", kNan); },
       "its detector's TPR is nan where one between 0 and 1 is expected"},
      {[](hid_t g) { test::set_number(g, "tpr_low", 0.99); },
       "its detector's interval of the TPR is 0.99 to 0.96, which is none within 0 and 1"},
      {[](hid_t g) { test::set_integer(g, "images", 0); }, "its detector was made from 0 images"},
      {[](hid_t g) { test::set_text(g, "images_sha256", std::string(64, 'x')); },
       "its detector's images_sha256 is not 64 hexadecimal digits"},
      {[](hid_t g) { test::set_numbers(g, "magnitudes", {0}); },
       "its detector has mean scores for 2 of 1 magnitudes"},
      {[](hid_t g) {
         test::set_numbers(g, "magnitudes", {0, -1});
       },
       "the curve of its detector's magnitudes has a value that is none"},
      {[](hid_t g) {
         test::set_numbers(g, "mean_scores", {0.1, kNan});
       },
       "the curve of its detector's magnitudes has a value that is none"},
  };
  for (const Case& c : cases) {
    CHECK(error_after(c.change) == kStart + fmt::format("{} (in its group detector)", c.clause));
  }
}

TEST_CASE("a detector that is not a group of the file itself is refused") {
  const auto error = [](const std::function<void(hid_t)>& change) {
    return Damaged(change).error();
  };
  CHECK(error([](hid_t f) { H5Lcreate_soft("/conv1", f, "detector", H5P_DEFAULT, H5P_DEFAULT); }) ==
        std::string(kStart) +
            "its group detector is a soft or external link, which is not followed");
  CHECK(error([](hid_t f) {
          H5Lcreate_external("/etc/passwd", "/", f, "detector", H5P_DEFAULT, H5P_DEFAULT);
        }) == std::string(kStart) +
                  "its group detector is a soft or external link, which is not followed");
  CHECK(error([](hid_t f) { test::replace(f, "detector", H5T_IEEE_F32LE, test::scalar()); }) ==
        std::string(kStart) + "its entry detector is not a group");
  // A data set in the group is no part of the network.
  CHECK(error_after([](hid_t g) {
          const float value = 1;
          test::replace(g, "extra", H5T_IEEE_F32LE, test::scalar(), H5P_DEFAULT, &value);
        }) == std::string(test::kMisfit) + "detector.extra is not a part of this network");
}

TEST_CASE("a detector that could not be read back is not written") {
  const test::TemporaryFolder folder;
  Checkpoint checkpoint = test::small_densenet();
  checkpoint.detector = sample_detector();
  checkpoint.detector->threshold = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(write_checkpoint(checkpoint, folder / "detector.h5"), Error);
  CHECK_FALSE(std::filesystem::exists(folder / "detector.h5"));
}

}  // namespace
}  // namespace odin
