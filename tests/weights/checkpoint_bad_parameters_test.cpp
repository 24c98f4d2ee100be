// Parameters that do not fit the network, and their error sentences.
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/weights/damaged_checkpoint.h"

namespace odin {
namespace {

using test::Damaged;
using test::extents;
using test::fixed_text;
using test::kMisfit;
using test::replace;
using test::scalar;
using test::set_attribute;
using test::set_bias;
using test::set_integer;

TEST_CASE("a wrong parameter is named, with what was expected") {
  struct Case {
    std::function<void(hid_t)> change;
    const char* clause;
  };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Case cases[] = {
      {[](hid_t f) { H5Ldelete(f, "fc/bias", H5P_DEFAULT); }, "fc.bias is missing"},
      {[](hid_t f) { replace(f, "fc/scale", H5T_IEEE_F32LE, extents({3})); },
       "fc.scale has the shape (3) but only 0 bytes of it are stored"},
      {[](hid_t f) {
         const float scale = 1;
         replace(f, "fc/scale", H5T_IEEE_F32LE, extents({1}), H5P_DEFAULT, &scale);
       },
       "fc.scale is not a part of this network"},
      {[](hid_t f) {
         set_bias(f, {1, 2});
       },
       "fc.bias has the shape (2) where (3) is expected"},
      {[](hid_t f) { set_bias(f, {}); }, "fc.bias has the shape (0) where (3) is expected"},
      {[](hid_t f) {
         const float values[3] = {};
         replace(f, "fc/bias", H5T_IEEE_F32LE, extents({3, 1}), H5P_DEFAULT, values);
       },
       "fc.bias has the shape (3, 1) where (3) is expected"},
      {[](hid_t f) {
         const float value = 1;
         replace(f, "fc/bias", H5T_IEEE_F32LE, scalar(), H5P_DEFAULT, &value);
       },
       "fc.bias has the shape () where (3) is expected"},
      {[](hid_t f) {
         const float value = 1;
         replace(f, "fc/bias", H5T_IEEE_F32LE, extents({1, 1, 1, 1, 1}), H5P_DEFAULT, &value);
       },
       "fc.bias has 5 dimensions, more than any parameter"},
      {[](hid_t f) { replace(f, "fc/bias", H5T_IEEE_F32LE, H5Screate(H5S_NULL)); },
       "fc.bias is an empty data set"},
      {[](hid_t f) { replace(f, "fc/bias", H5T_IEEE_F64LE, extents({3})); },
       "fc.bias holds 64-bit floats where 32-bit floats are expected"},
      {[](hid_t f) { replace(f, "fc/bias", H5T_IEEE_F32BE, extents({3})); },
       "fc.bias holds big-endian 32-bit floats where 32-bit floats are expected"},
      {[](hid_t f) { replace(f, "fc/bias", H5T_STD_I32LE, extents({3})); },
       "fc.bias holds 32-bit integers where 32-bit floats are expected"},
      {[](hid_t f) { replace(f, "fc/bias", fixed_text(4), extents({3})); },
       "fc.bias holds text where 32-bit floats are expected"},
      {[](hid_t f) { replace(f, "fc/bias", fixed_text(H5T_VARIABLE), extents({3})); },
       "fc.bias holds text where 32-bit floats are expected"},
      {[](hid_t f) { replace(f, "fc/bias", H5Tvlen_create(H5T_IEEE_F32LE), extents({3})); },
       "fc.bias holds sequences of varying length where 32-bit floats are expected"},
      {[](hid_t f) {
         const hsize_t three = 3;
         replace(f, "fc/bias", H5Tarray_create2(H5T_IEEE_F32LE, 1, &three), scalar());
       },
       "fc.bias holds arrays where 32-bit floats are expected"},
      {[](hid_t f) {
         const hid_t pair = H5Tcreate(H5T_COMPOUND, 8);
         H5Tinsert(pair, "real", 0, H5T_IEEE_F32LE);
         H5Tinsert(pair, "imaginary", 4, H5T_IEEE_F32LE);
         replace(f, "fc/bias", pair, extents({3}));
       },
       "fc.bias holds compound values where 32-bit floats are expected"},
      {[](hid_t f) {
         const hid_t type = H5Tenum_create(H5T_STD_I32LE);
         const int one = 1;
         H5Tenum_insert(type, "ONE", &one);
         replace(f, "fc/bias", type, extents({3}));
       },
       "fc.bias holds an enumeration where 32-bit floats are expected"},
      {[=](hid_t f) {
         set_bias(f, {0, nan, 1});
       },
       "fc.bias holds nan at index 1 where all values must be finite"},
      {[](hid_t f) {
         set_bias(f, {0, 1, HUGE_VALF});
       },
       "fc.bias holds inf at index 2 where all values must be finite"},
      {[](hid_t f) {
         const float values[4] = {1, 1, -0.25F, -1};
         replace(f, "block1/layer/0/bn1/running_var", H5T_IEEE_F32LE, extents({4}), H5P_DEFAULT,
                 values);
       },
       "block1.layer.0.bn1.running_var holds the negative variance -0.25 at index 2"},
      {[](hid_t f) {
         H5Ldelete(f, "fc/bias", H5P_DEFAULT);
         H5Gclose(H5Gcreate2(f, "fc/bias", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
       },
       "fc.bias is missing"},
      {[](hid_t f) {
         H5Ldelete(f, "fc", H5P_DEFAULT);
         replace(f, "fc", H5T_IEEE_F32LE, extents({3}));
       },
       "fc.weight is missing, fc.bias is missing and fc has the shape (3) but only 0 bytes of it "
       "are stored"},
      {[](hid_t f) { H5Ldelete(f, "block2", H5P_DEFAULT); },
       "block2.layer.0.bn1.weight is missing, block2.layer.0.bn1.bias is missing, "
       "block2.layer.0.bn1.running_mean is missing, block2.layer.0.bn1.running_var is missing and "
       "6 "
       "more entries are wrong"},
  };
  for (const Case& c : cases) CHECK(Damaged(c.change).error() == kMisfit + std::string(c.clause));
}

TEST_CASE("inspecting a file of another network lists everything that is wrong") {
  const Damaged file([](hid_t f) {
    set_integer(f, "num_classes", 2);
    set_attribute(f, "class_names", fixed_text(1), extents({0}), nullptr);
    replace(f, "bn1/bias", H5T_IEEE_F64LE, extents({3}));
    const float extra = 7;
    replace(f, "extra", H5T_IEEE_F32LE, scalar(), H5P_DEFAULT, &extra);
  });
  const CheckpointInspection inspection = inspect_checkpoint(file.path());
  const ParameterMap& parameters = inspection.checkpoint.parameters;
  const ParameterMap right = test::small_densenet().parameters;
  CHECK(num_classes(inspection.checkpoint.architecture) == 2);
  CAPTURE(fmt::format("{}", fmt::join(inspection.problems, "; ")));
  CHECK(inspection.problems ==
        std::vector<std::string>{"bn1.bias holds 64-bit floats where 32-bit floats are expected",
                                 "fc.weight has the shape (3, 4) where (2, 4) is expected",
                                 "fc.bias has the shape (3) where (2) is expected",
                                 "extra is not a part of this network"});
  CHECK(parameters.size() == right.size());
  CHECK(!parameters.contains("bn1.bias"));
  CHECK(parameters.at("extra").values == std::vector<float>{7});
  CHECK(test::same_bits(parameters.at("fc.weight").values, right.at("fc.weight").values));
}

}  // namespace
}  // namespace odin
