#include "tools/train/recipe.h"

#include <cmath>
#include <numbers>
#include <set>

#include <doctest/doctest.h>

#include "kernels/error.h"
#include "tools/train/network_names.h"
#include "tools/train/setup.h"

namespace odin::training {
namespace {

TEST_CASE("the presets are the papers' recipes") {
  // DenseNet: 300 epochs, a tenth at one half and at three quarters.
  const Recipe densenet = preset("densenet");
  CHECK(densenet.batch_size == 64);
  CHECK(densenet.weight_decay == 1e-4);
  CHECK(steps_per_epoch(densenet, 50000) == 781);
  const std::int64_t d = 781;
  CHECK(learning_rate(densenet, 0, d) == 0.1);
  CHECK(learning_rate(densenet, 150 * d - 1, d) == 0.1);
  CHECK(learning_rate(densenet, 150 * d, d) == doctest::Approx(0.01));
  CHECK(learning_rate(densenet, 225 * d - 1, d) == doctest::Approx(0.01));
  CHECK(learning_rate(densenet, 225 * d, d) == doctest::Approx(0.001));
  CHECK(learning_rate(densenet, 300 * d - 1, d) == doctest::Approx(0.001));
  // Wide ResNet: 200 epochs, a fifth at 60, 120 and 160.
  const Recipe wrn = preset("wrn");
  CHECK(wrn.epochs == 200);
  CHECK(wrn.batch_size == 128);
  CHECK(wrn.weight_decay == 5e-4);
  const std::int64_t w = steps_per_epoch(wrn, 50000);
  CHECK(w == 390);
  double rate = 0.1;
  for (const std::int64_t epoch : {60, 120, 160}) {
    CHECK(learning_rate(wrn, epoch * w - 1, w) == doctest::Approx(rate));
    rate /= 5;
    CHECK(learning_rate(wrn, epoch * w, w) == doctest::Approx(rate));
  }
  CHECK_THROWS_WITH_AS(preset("slow"), doctest::Contains("densenet, wrn or fast"), Error);
  for (const char* name : {"densenet", "wrn", "fast"}) CHECK_NOTHROW(validate(preset(name)));
}

TEST_CASE("a cosine schedule rises linearly and falls to nearly zero") {
  Recipe recipe = preset("fast");
  recipe.epochs = 10;
  recipe.warmup_epochs = 2;
  recipe.learning_rate = 0.4;
  const std::int64_t per_epoch = 50;
  for (std::int64_t step = 0; step < 100; ++step) {
    CHECK(learning_rate(recipe, step, per_epoch) ==
          doctest::Approx(0.004 * static_cast<double>(step + 1)));
  }
  for (std::int64_t step = 100; step < 500; ++step) {
    const double done = static_cast<double>(step - 100) / 400;
    CHECK(learning_rate(recipe, step, per_epoch) ==
          doctest::Approx(0.2 * (1 + std::cos(std::numbers::pi * done))));
  }
  CHECK(learning_rate(recipe, 499, per_epoch) < 1e-5);
}

TEST_CASE("a recipe's JSON has every member, unrounded") {
  const Recipe recipe{.epochs = 2.5,
                      .half_size_epochs = 1.25,
                      .batch_size = 32,
                      .learning_rate = 0.3,
                      .warmup_epochs = 0.1,
                      .schedule = Schedule::kCosine,
                      .milestones = {0.1, 0.2, 0.9},
                      .decay = 0.3,
                      .momentum = 0.8,
                      .nesterov = false,
                      .weight_decay = 3e-5,
                      .dropout = 0.2,
                      .augmentation = {2, false},
                      .seed = 0xffffffffffffffff};
  CHECK(to_json(recipe) ==
        R"({"epochs":2.5,"half_size_epochs":1.25,"batch_size":32,"learning_rate":0.3,)"
        R"("warmup_epochs":0.1,"cosine":true,"milestones":[0.1,0.2,0.9],"decay":0.3,)"
        R"("momentum":0.8,"nesterov":false,"weight_decay":3e-05,"dropout":0.2,)"
        R"("crop_padding":2,"flip":false,"seed":18446744073709551615})");
}

TEST_CASE("invalid recipes are refused with the name of the option") {
  const auto refused = [](auto change, const char* option) {
    Recipe recipe;
    change(recipe);
    CHECK_THROWS_WITH_AS(validate(recipe), doctest::Contains(option), Error);
  };
  refused([](Recipe& r) { r.epochs = 0; }, "--epochs is 0");
  refused([](Recipe& r) { r.epochs = std::nan(""); }, "--epochs is nan");
  refused([](Recipe& r) { r.half_size_epochs = 301; }, "--half-size-epochs is 301");
  refused([](Recipe& r) { r.batch_size = 1; }, "--batch-size is 1");
  refused([](Recipe& r) { r.learning_rate = -1; }, "--rate is -1");
  refused([](Recipe& r) { r.warmup_epochs = 301; }, "--warmup-epochs is 301");
  refused([](Recipe& r) { r.milestones = {1.5}; }, "--milestones is 1.5");
  refused([](Recipe& r) { r.decay = 0; }, "--decay is 0");
  refused([](Recipe& r) { r.momentum = 1; }, "--momentum is 1");
  refused([](Recipe& r) { r.momentum = 0; }, "--momentum is 0");
  refused([](Recipe& r) { r.weight_decay = -1e-4; }, "--weight-decay is -0.0001");
  refused([](Recipe& r) { r.dropout = 1; }, "--dropout is 1");
  refused([](Recipe& r) { r.augmentation.crop_padding = 33; }, "--crop-padding is 33");
  CHECK_THROWS_WITH_AS(steps_per_epoch(Recipe{}, 63), doctest::Contains("one batch of 64"), Error);
}

TEST_CASE("networks are found by name") {
  CHECK(architecture_of("densenet_bc_100", 10) == Architecture(DenseNetConfig{}));
  CHECK(architecture_of("densenet_bc_250_k24", 100) ==
        Architecture(DenseNetConfig{250, 24, 0.5, true, 100}));
  CHECK(architecture_of("densenet_40", 10) == Architecture(DenseNetConfig{40, 12, 1, false, 10}));
  CHECK(architecture_of("wrn_28_10", 7) == Architecture(WideResNetConfig{28, 10, 7}));
  for (const char* name : {"", "wrn", "wrn_28", "wrn_28_x", "wrn_28_10_1", "densenet",
                           "densenet_bc", "densenet_bc_100_24", "densenet_bc_100_kx", "resnet_50",
                           "wrn_-4_1", "densenet_bc_100_", "wrn_29_10", "densenet_bc_101"}) {
    CAPTURE(name);
    CHECK_THROWS_AS(architecture_of(name, 10), Error);
  }
}

TEST_CASE("a training resumes only with other epochs, which its history records") {
  Checkpoint checkpoint;
  checkpoint.architecture = WideResNetConfig{10, 1, 3};
  checkpoint.in_dataset = "stripes";
  Recipe recipe;
  const std::string before = make_setup(checkpoint, 96, {4, 0}, recipe);
  CHECK(resumed_setup(before, before, 5) == before);
  CHECK(describe_history(before).empty());
  recipe.epochs = 20;
  const std::string longer = resumed_setup(before, make_setup(checkpoint, 96, {4, 0}, recipe), 5);
  CHECK(describe_history(longer) ==
        "; until step 5 on the schedule of 300 epochs, 0 of them of half the size");
  recipe.epochs = 30;
  recipe.half_size_epochs = 1;
  CHECK(describe_history(resumed_setup(longer, make_setup(checkpoint, 96, {4, 0}, recipe), 9)) ==
        describe_history(longer) +
            "; until step 9 on the schedule of 20 epochs, 0 of them of half the size");
  Recipe other = recipe;
  other.seed = 1;
  for (const std::string& now :
       {make_setup(checkpoint, 96, {4, 0}, other), make_setup(checkpoint, 96, {4, 1}, recipe),
        make_setup(checkpoint, 97, {4, 0}, recipe), make_setup(checkpoint, 96, {5, 0}, recipe)}) {
    CHECK_THROWS_WITH_AS(resumed_setup(before, now, 5), doctest::Contains("another training"),
                         Error);
  }
  CHECK_THROWS_WITH_AS(
      resumed_setup(before, make_setup(checkpoint, 96, {4, 3}, other), 5),
      doctest::Contains(": seed was 0 and is 1 now, held_out_seed was 0 and is 3 now. Give"),
      Error);
  Checkpoint brighter = checkpoint;
  brighter.mean = {0.5, 0.5, 0.5};
  CHECK_THROWS_WITH_AS(resumed_setup(before, make_setup(brighter, 96, {4, 0}, recipe), 5),
                       doctest::Contains("mean was ["), Error);
  // Mean and deviation are measured, so they follow from the other images.
  CHECK_THROWS_WITH_AS(resumed_setup(before, make_setup(brighter, 96, {4, 3}, recipe), 5),
                       doctest::Contains(": held_out_seed was 0 and is 3 now. Give"), Error);
  // A state's value may be of any type.
  std::string odd = before;
  odd.replace(odd.find("\"Wide-ResNet-10-1\""), 18, "{\"a\": 1}");
  CHECK_THROWS_WITH_AS(resumed_setup(odd, before, 5), doctest::Contains("network was {"), Error);
  for (const char* setup : {"{}", "[]", "{\"recipe\": {}, \"history\": []}"}) {
    CHECK_THROWS_WITH_AS(resumed_setup(setup, before, 5), doctest::Contains("damaged"), Error);
    CHECK_THROWS_WITH_AS(describe_history(setup), doctest::Contains("damaged"), Error);
    CHECK_THROWS_WITH_AS(image_shape_of(setup), doctest::Contains("damaged"), Error);
    CHECK_THROWS_WITH_AS(holds_out_last_images(setup), doctest::Contains("damaged"), Error);
  }
  checkpoint.architecture = WideResNetConfig{16, 1, 3};
  CHECK_THROWS_AS(resumed_setup(before, make_setup(checkpoint, 96, {4, 0}, recipe), 5), Error);
}

}  // namespace
}  // namespace odin::training
