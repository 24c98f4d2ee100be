// What a detector has learnt, in the file of its network.
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/error_of.h"
#include "tests/weights/damaged_checkpoint.h"
#include "tests/weights/sample_detector.h"
#include "weights/checkpoint_rules.h"

namespace odin {
namespace {

using test::add_fitted_detector;
using test::chunks;
using test::Damaged;
using test::extents;
using test::kMisfit;
using test::kStart;
using test::replace;

DetectorFit sample_fit() {
  return {.numbers = {{"mean", {0.1, -2.5e-300, 3}}, {"scale", {1.0 / 3}}},
          .features = {{"bank", {0.25F, -0.0F, 1e-30F, 7}}}};
}

Checkpoint fitted_checkpoint(DetectorFit fit = sample_fit()) {
  Checkpoint checkpoint = test::small_densenet();
  add_fitted_detector(checkpoint, std::move(fit));
  return checkpoint;
}

// What its reader says of a fitted detector's file after a change.
std::string error_after(const std::function<void(hid_t)>& change) {
  return Damaged(change, fitted_checkpoint()).error();
}

// Replaces an array of the fit by 64-bit floats.
void set_fit_array(hid_t file, const std::string& name, const std::vector<double>& values) {
  replace(file, ("detector/fit/" + name).c_str(), H5T_IEEE_F64LE, extents({values.size()}),
          H5P_DEFAULT, values.data());
}

std::string error_of_writing(const Checkpoint& checkpoint) {
  const test::TemporaryFolder folder;
  const auto file = folder / "detector.h5";
  const std::string sentence = test::error_of([&] { write_checkpoint(checkpoint, file); });
  CHECK_FALSE(std::filesystem::exists(file));
  const std::string start = file.string() + " is not written: ";
  return sentence.starts_with(start) ? sentence.substr(start.size()) : "no start: " + sentence;
}

TEST_CASE("what a detector has learnt is read back bit for bit") {
  const test::TemporaryFolder folder;
  DetectorFit fit = sample_fit();
  // More than one chunk of each, the last one shorter.
  for (int i = 0; i < 300'001; ++i) {
    fit.numbers["long"].push_back(std::sin(i) * 1e3);
    fit.features["long_too"].push_back(static_cast<float>(std::cos(i)));
  }
  const Checkpoint checkpoint = fitted_checkpoint(fit);
  write_checkpoint(checkpoint, folder / "detector.h5");
  const Checkpoint read = read_checkpoint(folder / "detector.h5");
  CHECK(read.detector == checkpoint.detector);
  REQUIRE(read.detector_fit);
  CHECK(*read.detector_fit == fit);
  CHECK(std::signbit(read.detector_fit->features.at("bank")[1]));
  CHECK(test::same(read, checkpoint));
  write_checkpoint(read, folder / "again.h5");
  CHECK(test::content_of(folder / "again.h5") == test::content_of(folder / "detector.h5"));
}

TEST_CASE("a detector that learns nothing has the file that it always had") {
  const test::TemporaryFolder folder;
  Checkpoint checkpoint = test::small_densenet();
  checkpoint.detector = test::sample_detector();
  write_checkpoint(checkpoint, folder / "detector.h5");
  const std::string bytes = test::content_of(folder / "detector.h5");
  CHECK(bytes.find("training_images") == std::string::npos);
  CHECK_FALSE(read_checkpoint(folder / "detector.h5").detector_fit);
  const Damaged file(
      [](hid_t f) {
        const hid_t group = H5Gopen2(f, "detector", H5P_DEFAULT);
        const hid_t attribute = H5Aopen(group, "version", H5P_DEFAULT);
        long long version = 0;
        REQUIRE(H5Aread(attribute, H5T_NATIVE_LLONG, &version) >= 0);
        CHECK(version == 1);  // which older programs read
        H5Aclose(attribute);
        H5Gclose(group);
      },
      checkpoint);
  CHECK(file.error() == test::kNoError);
}

TEST_CASE("arrays of a fit may be stored as h5py stores them") {
  const std::vector<double> values = {1.5, -2.5, 3.5};
  const Damaged file(
      [&](hid_t f) {
        set_fit_array(f, "mean", values);  // contiguous
        const hid_t packed = chunks({2});
        H5Pset_shuffle(packed);
        H5Pset_deflate(packed, 6);
        replace(f, "detector/fit/packed", H5T_IEEE_F64LE, extents({3}), packed, values.data());
        const hid_t checked = chunks({3});
        H5Pset_fletcher32(checked);
        replace(f, "detector/fit/checked", H5T_IEEE_F64LE, extents({3}), checked, values.data());
      },
      fitted_checkpoint());
  const Checkpoint read = read_checkpoint(file.path());
  for (const char* name : {"mean", "packed", "checked"}) {
    CAPTURE(name);
    CHECK(read.detector_fit->numbers.at(name) == values);
  }
}

TEST_CASE("a missing attribute of a fit is named, and its values are checked") {
  const auto error = [](const std::function<void(hid_t)>& change) {
    return error_after([&](hid_t f) {
      const hid_t group = H5Gopen2(f, "detector", H5P_DEFAULT);
      change(group);
      H5Gclose(group);
    });
  };
  for (const char* name : {"training_images", "training_images_name", "training_images_sha256"}) {
    CHECK(error([&](hid_t g) { H5Adelete(g, name); }) ==
          kStart + fmt::format("its attribute {} is missing (in its group detector)", name));
  }
  for (const int images : {0, -1}) {
    CHECK(error([&](hid_t g) { test::set_integer(g, "training_images", images); }) ==
          kStart +
              fmt::format("its detector was fitted on {} images (in its group detector)", images));
  }
  CHECK(error([](hid_t g) { test::set_text(g, "training_images_sha256", "abc"); }) ==
        std::string(kStart) +
            "its detector's training_images_sha256 is not 64 hexadecimal digits (in its group "
            "detector)");
  // An older program expects no fit.
  CHECK(error([](hid_t g) { test::set_integer(g, "version", 1); }) ==
        std::string(kMisfit) +
            "detector.fit.bank is not a part of this network, detector.fit.mean holds 64-bit "
            "floats where 32-bit floats are expected and detector.fit.scale holds 64-bit floats "
            "where 32-bit floats are expected");
}

TEST_CASE("a wrong array of a fit is named, with what was expected") {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  struct Case {
    std::function<void(hid_t)> change;
    const char* clause;
  };
  const Case cases[] = {
      {[](hid_t f) {
         set_fit_array(f, "mean", {1, kNan});
       },
       "detector.fit.mean holds nan at index 1 where all values must be finite"},
      {[](hid_t f) {
         set_fit_array(f, "scale", {-kInfinity, 0});
       },
       "detector.fit.scale holds -inf at index 0 where all values must be finite"},
      {[](hid_t f) {
         const float values[] = {0, 1, std::numeric_limits<float>::quiet_NaN()};
         replace(f, "detector/fit/bank", H5T_IEEE_F32LE, extents({3}), H5P_DEFAULT, values);
       },
       "detector.fit.bank holds nan at index 2 where all values must be finite"},
      {[](hid_t f) { set_fit_array(f, "mean", {}); }, "detector.fit.mean has no values"},
      {[](hid_t f) { set_fit_array(f, "Mean", {1}); },
       "detector.fit.Mean has a name that is not 1 to 64 of a-z, 0-9 and _"},
      {[](hid_t f) { set_fit_array(f, "\x1b[2J", {1}); },
       "detector.fit.\\x1b[2J has a name that is not 1 to 64 of a-z, 0-9 and _"},
      {[](hid_t f) { set_fit_array(f, std::string(65, 'a'), {1}); },
       "detector.fit.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa has a name "
       "that is not 1 to 64 of a-z, 0-9 and _"},
      {[](hid_t f) {
         H5Gclose(H5Gcreate2(f, "detector/fit/deep", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
         set_fit_array(f, "deep/mean", {1});
       },
       "detector.fit.deep.mean has a name that is not 1 to 64 of a-z, 0-9 and _"},
      {[](hid_t f) {
         const double values[] = {1, 2, 3, 4};
         replace(f, "detector/fit/mean", H5T_IEEE_F64LE, extents({2, 2}), H5P_DEFAULT, values);
       },
       "detector.fit.mean has the shape (2, 2) where one axis is expected"},
      {[](hid_t f) {
         const double value = 1;
         replace(f, "detector/fit/mean", H5T_IEEE_F64LE, test::scalar(), H5P_DEFAULT, &value);
       },
       "detector.fit.mean has the shape () where one axis is expected"},
      {[](hid_t f) { replace(f, "detector/fit/mean", H5T_STD_I64LE, extents({3})); },
       "detector.fit.mean holds 64-bit integers where 32-bit or 64-bit floats are expected"},
      {[](hid_t f) { replace(f, "detector/fit/mean", H5T_IEEE_F64BE, extents({3})); },
       "detector.fit.mean holds big-endian 64-bit floats where 32-bit or 64-bit floats are "
       "expected"},
      {[](hid_t f) { H5Ldelete(f, "detector/fit", H5P_DEFAULT); },
       "its detector was fitted on 50000 images, but detector/fit holds no data set"},
      {[](hid_t f) {
         H5Ldelete(f, "detector/fit", H5P_DEFAULT);
         const double value = 1;
         replace(f, "detector/fit", H5T_IEEE_F64LE, extents({1}), H5P_DEFAULT, &value);
       },
       "detector.fit holds 64-bit floats where 32-bit floats are expected"},
      {[](hid_t f) {
         const double value = 1;
         replace(f, "detector/other", H5T_IEEE_F64LE, extents({1}), H5P_DEFAULT, &value);
       },
       "detector.other holds 64-bit floats where 32-bit floats are expected"},
  };
  for (const Case& c : cases) CHECK(error_after(c.change) == kMisfit + std::string(c.clause));
}

TEST_CASE("a fit that would use up memory, or have other files read, is refused") {
  const test::TemporaryFolder elsewhere;
  const std::string other = (elsewhere / "other.h5").string();
  write_checkpoint(fitted_checkpoint(), other);
  constexpr hsize_t kHalf = hsize_t{1} << 28;  // of all values that a file may have
  const auto claim = [](hid_t f, const char* path, hid_t type, hsize_t size) {
    const hid_t properties = chunks({size});
    H5Pset_deflate(properties, 1);
    replace(f, path, type, extents({size}), properties);
    const hid_t dataset = H5Dopen2(f, path, H5P_DEFAULT);
    const std::vector<unsigned char> bytes(H5Tget_size(type) * size / 1000);
    const hsize_t offset = 0;
    REQUIRE(H5Dwrite_chunk(dataset, H5P_DEFAULT, 0, &offset, bytes.size(), bytes.data()) >= 0);
    H5Dclose(dataset);
  };
  struct Case {
    std::function<void(hid_t)> change;
    const char* clause;
  };
  const Case cases[] = {
      {[](hid_t f) {
         replace(f, "detector/fit/mean", H5T_IEEE_F64LE, extents({2 * kHalf}), chunks({1024}));
       },
       "detector.fit.mean has the extents 536870912, too many values for any network"},
      {[](hid_t f) {
         replace(f, "detector/fit/mean", H5T_IEEE_F64LE, extents({kHalf}), chunks({1024}));
       },
       "detector.fit.mean has the shape (268435456) but only 0 bytes of it are stored"},
      {[&](hid_t f) {  // 0.5 and 0.6 of all that a file may have
         claim(f, "detector/fit/a", H5T_IEEE_F64LE, kHalf / 2);
         claim(f, "detector/fit/b", H5T_IEEE_F32LE, kHalf / 5 * 6);
       },
       "detector.fit.b has the shape (322122546), with the others too many values for any "
       "network"},
      {[](hid_t f) {
         H5Ldelete(f, "detector/fit/mean", H5P_DEFAULT);
         H5Lcreate_soft("/fc/bias", f, "detector/fit/mean", H5P_DEFAULT, H5P_DEFAULT);
       },
       "detector/fit/mean is a soft or external link, which is not followed"},
      {[&](hid_t f) {
         H5Ldelete(f, "detector/fit", H5P_DEFAULT);
         H5Lcreate_external(other.c_str(), "/detector/fit", f, "detector/fit", H5P_DEFAULT,
                            H5P_DEFAULT);
       },
       "detector/fit is a soft or external link, which is not followed"},
      {[&](hid_t f) {
         const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
         H5Pset_external(properties, other.c_str(), 0, 24);
         replace(f, "detector/fit/mean", H5T_IEEE_F64LE, extents({3}), properties);
       },
       "detector.fit.mean is stored in another file, which is not read"},
      {[&](hid_t f) {
         const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
         H5Pset_virtual(properties, extents({3}), other.c_str(), "/detector/fit/mean",
                        extents({3}));
         replace(f, "detector/fit/mean", H5T_IEEE_F64LE, extents({3}), properties);
       },
       "detector.fit.mean is a virtual data set, whose sources are not read"},
      {[](hid_t f) {
         const hid_t properties = chunks({3});
         H5Pset_filter(properties, 32015, H5Z_FLAG_OPTIONAL, 0, nullptr);
         replace(f, "detector/fit/mean", H5T_IEEE_F64LE, extents({3}), properties);
       },
       "detector.fit.mean is stored with the filter 32015 (of no name) where gzip, shuffle, "
       "fletcher32 or none is expected"},
  };
  for (const Case& c : cases) CHECK(error_after(c.change) == kMisfit + std::string(c.clause));
}

TEST_CASE("a damaged chunk of a fit is named") {
  CHECK(error_after([](hid_t f) {
          const hid_t properties = chunks({3});
          H5Pset_deflate(properties, 1);
          replace(f, "detector/fit/mean", H5T_IEEE_F64LE, extents({3}), properties);
          const hid_t dataset = H5Dopen2(f, "detector/fit/mean", H5P_DEFAULT);
          const std::vector<unsigned char> bytes(40, 7);
          const hsize_t offset = 0;
          REQUIRE(H5Dwrite_chunk(dataset, H5P_DEFAULT, 0, &offset, bytes.size(), bytes.data()) >=
                  0);
          H5Dclose(dataset);
        }) == kStart + std::string("detector.fit.mean cannot be read (its compressed bytes are "
                                   "damaged)"));
}

TEST_CASE("inspecting a wrong fit reads what can be read") {
  const Damaged file(
      [](hid_t f) {
        replace(f, "detector/fit/mean", H5T_STD_I64LE, extents({3}));
        set_fit_array(f, "scale", {std::numeric_limits<double>::quiet_NaN()});
      },
      fitted_checkpoint());
  const CheckpointInspection inspection = inspect_checkpoint(file.path());
  CHECK(inspection.problems ==
        std::vector<std::string>{
            "detector.fit.mean holds 64-bit integers where 32-bit or 64-bit floats are expected",
            "detector.fit.scale holds nan at index 0 where all values must be finite"});
  REQUIRE(inspection.checkpoint.detector_fit);
  CHECK(inspection.checkpoint.detector_fit->features == sample_fit().features);
  CHECK(inspection.checkpoint.parameters.size() == test::small_densenet().parameters.size());
}

TEST_CASE("a file with more values than can be read back is not written") {
  CHECK_NOTHROW(check_stored_words(kMostStoredWords));
  CHECK_THROWS_WITH_AS(check_stored_words(kMostStoredWords + 1),
                       "it would hold 536870913 words of 32 bits, and at most 536870912 can be "
                       "read back: fit the score on fewer training images (--fit-images)",
                       Error);
}

TEST_CASE("a fit that could not be read back is not written") {
  Checkpoint checkpoint = fitted_checkpoint();
  checkpoint.detector_fit = nullptr;
  CHECK(error_of_writing(checkpoint) ==
        "its detector was fitted on 50000 images, but detector/fit holds no data set");
  CHECK(error_of_writing(fitted_checkpoint({})) ==
        "its detector was fitted on 50000 images, but detector/fit holds no data set");
  checkpoint = fitted_checkpoint();
  checkpoint.detector = test::sample_detector();
  CHECK(error_of_writing(checkpoint) ==
        "it has a detector's fit, but no settings that say of which images");
  checkpoint.detector.reset();
  CHECK(error_of_writing(checkpoint) ==
        "it has a detector's fit, but no settings that say of which images");
  checkpoint.detector_fit = nullptr;
  checkpoint.detector = test::sample_detector();
  checkpoint.detector->training_images_name = "CIFAR-10";
  CHECK(error_of_writing(checkpoint) ==
        "its detector names training images, but was fitted on none");

  DetectorFit fit = sample_fit();
  fit.numbers["bank"] = {1};
  CHECK(error_of_writing(fitted_checkpoint(fit)) == "detector.fit.bank is there twice");
  fit = sample_fit();
  fit.features["a/b"] = {1};
  fit.numbers["mean"][0] = std::numeric_limits<double>::infinity();
  CHECK(error_of_writing(fitted_checkpoint(fit)) ==
        "detector.fit.mean holds inf at index 0 where all values must be finite and "
        "detector.fit.a/b has a name that is not 1 to 64 of a-z, 0-9 and _");
  fit = sample_fit();
  fit.features["bank"].clear();
  CHECK(error_of_writing(fitted_checkpoint(fit)) == "detector.fit.bank has no values");
}

}  // namespace
}  // namespace odin
