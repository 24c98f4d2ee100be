// Invalid attributes, and their error sentences.
#include <functional>
#include <limits>
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/weights/damaged_checkpoint.h"

namespace odin {
namespace {

using test::Damaged;
using test::extents;
using test::fixed_text;
using test::kStart;
using test::set_attribute;
using test::set_integer;
using test::set_number;
using test::set_numbers;
using test::set_text;

TEST_CASE("a missing attribute is named") {
  for (const char* name :
       {"format", "format_version", "architecture", "depth", "growth_rate", "reduction",
        "bottleneck", "num_classes", "class_names", "mean", "std", "in_dataset", "source"}) {
    const Damaged file([&](hid_t id) { H5Adelete(id, name); });
    CHECK(file.error() == kStart + fmt::format("its attribute {} is missing", name));
  }
  const Damaged wide([](hid_t id) { H5Adelete(id, "widen_factor"); },
                     test::sample_checkpoint(WideResNetConfig{10, 1, 3}));
  CHECK(wide.error() == std::string(kStart) + "its attribute widen_factor is missing");
}

TEST_CASE("a wrong attribute is named, with what was expected") {
  struct Case {
    std::function<void(hid_t)> change;
    const char* clause;
  };
  const Case cases[] = {
      {[](hid_t f) { set_text(f, "format", "other"); },
       "its format is 'other' where 'odin-checkpoint' is expected"},
      {[](hid_t f) { set_text(f, "format", "\x1b[2J\n"); },
       "its format is '\\x1b[2J\\x0a' where 'odin-checkpoint' is expected"},
      {[](hid_t f) { set_integer(f, "format", 1); },
       "its attribute format holds 64-bit integers where text is expected"},
      {[](hid_t f) { set_attribute(f, "format", fixed_text(4), extents({0}), nullptr); },
       "its attribute format holds 0 values where 1 is expected"},
      {[](hid_t f) { set_attribute(f, "format", fixed_text(4), H5Screate(H5S_NULL), nullptr); },
       "its attribute format holds 0 values where 1 is expected"},
      {[](hid_t f) { set_integer(f, "format_version", 3); },
       "its format has version 3 where 1 to 2 are expected; use a version of this program that is "
       "as new "
       "as the file"},
      {[](hid_t f) { set_integer(f, "format_version", 0); },
       "its format has version 0 where 1 to 2 are expected; use a version of this program that is "
       "as old "
       "as the file"},
      {[](hid_t f) { set_text(f, "format_version", "1"); },
       "its attribute format_version holds text where a whole number is expected"},
      {[](hid_t f) { set_text(f, "architecture", "vgg"); },
       "its architecture is 'vgg' where 'densenet' or 'wide_resnet' is expected"},
      {[](hid_t f) { set_integer(f, "depth", 11); },
       "a DenseNet-BC has a depth of 6 n + 4 for a whole n of at least 1, not 11 (the nearest is "
       "10)"},
      {[](hid_t f) { set_integer(f, "depth", 1'000'006); },
       "a DenseNet-BC has a depth of 6 n + 4 for a whole n of at least 1, not 1000006 (the nearest "
       "is 2002)"},
      {[](hid_t f) { set_integer(f, "depth", -8); },
       "its attribute depth is -8, which no network has"},
      {[](hid_t f) { set_integer(f, "depth", std::numeric_limits<long long>::max()); },
       "its attribute depth is 9223372036854775807, which no network has"},
      {[](hid_t f) { set_number(f, "depth", 10); },
       "its attribute depth holds 64-bit floats where a whole number is expected"},
      {[](hid_t f) {
         set_numbers(f, "depth", {10, 10});
       },
       "its attribute depth holds 2 values where 1 is expected"},
      {[](hid_t f) { set_integer(f, "growth_rate", 0); },
       "the growth rate must be between 1 and 1024, not 0"},
      {[](hid_t f) { set_number(f, "reduction", 1.5); },
       "the reduction must be in (0, 1], not 1.5"},
      {[](hid_t f) { set_number(f, "reduction", std::numeric_limits<double>::quiet_NaN()); },
       "the reduction must be in (0, 1], not nan"},
      {[](hid_t f) { set_text(f, "reduction", "half"); },
       "its attribute reduction holds text where a number is expected"},
      {[](hid_t f) { set_integer(f, "bottleneck", 2); },
       "its attribute bottleneck is 2 where 0 or 1 is expected"},
      {[](hid_t f) { set_text(f, "bottleneck", "yes"); },
       "its attribute bottleneck holds text where true or false is expected"},
      {[](hid_t f) { set_integer(f, "num_classes", 0); },
       "the number of classes must be between 2 and 100000, not 0"},
      {[](hid_t f) { set_integer(f, "num_classes", 1); },
       "the number of classes must be between 2 and 100000, not 1"},
      {[](hid_t f) { set_integer(f, "num_classes", 4); },
       "it has 3 class names for 4 classes; give one for each class or none"},
      {[](hid_t f) {
         set_numbers(f, "class_names", {0, 1, 2});
       },
       "its attribute class_names holds 64-bit floats where text is expected"},
      {[](hid_t f) { set_attribute(f, "class_names", fixed_text(8 << 20), extents({3}), nullptr); },
       "its attribute class_names claims to be larger than 16777216 bytes"},
      {[](hid_t f) {
         set_numbers(f, "mean", {0.5, 0.5});
       },
       "its attribute mean holds 2 values where 3 are expected"},
      {[](hid_t f) {
         set_numbers(f, "mean", {0.5, 0.5, 113.9});
       },
       "its mean of blue is 113.9 where pixels in 0..1 have one in [0, 1]; divide means of pixels "
       "in 0..255 by 255"},
      {[](hid_t f) {
         set_numbers(f, "std", {0.2, 0, 0.2});
       },
       "its std of green is 0 where pixels in 0..1 have one in (0, 1]; divide deviations of pixels "
       "in 0..255 by 255"},
      {[](hid_t f) {
         set_numbers(f, "std", {63, 62.1, 66.7});
       },
       "its std of red is 63 where pixels in 0..1 have one in (0, 1]; divide deviations of pixels "
       "in 0..255 by 255"},
      {[](hid_t f) { set_integer(f, "image_channels", 2); },
       "images must have 1 or 3 channels, not 2"},
      {[](hid_t f) { set_integer(f, "image_channels", std::numeric_limits<long long>::min()); },
       "its attribute image_channels is -9223372036854775808, which no network has"},
      {[](hid_t f) { set_integer(f, "image_channels", 1); },
       "its attribute mean holds 3 values where 1 is expected"},
      {[](hid_t f) { set_text(f, "image_channels", "grey"); },
       "its attribute image_channels holds text where a whole number is expected"},
      {[](hid_t f) { set_integer(f, "image_size", 0); },
       "the side of the images must be between 4 and 256, not 0"},
      {[](hid_t f) { set_integer(f, "image_size", 1'000'000); },
       "the side of the images must be between 4 and 256, not 1000000"},
      {[](hid_t f) { set_integer(f, "image_size", std::numeric_limits<long long>::max()); },
       "its attribute image_size is 9223372036854775807, which no network has"},
      {[](hid_t f) {
         set_numbers(f, "image_size", {32, 32});
       },
       "its attribute image_size holds 2 values where 1 is expected"},
      {[](hid_t f) { set_text(f, "std", "0.2"); },
       "its attribute std holds 1 values where 3 are expected"},
      {[](hid_t f) { set_integer(f, "in_dataset", 10); },
       "its attribute in_dataset holds 64-bit integers where text is expected"},
  };
  for (const Case& c : cases) CHECK(Damaged(c.change).error() == kStart + std::string(c.clause));
}

}  // namespace
}  // namespace odin
