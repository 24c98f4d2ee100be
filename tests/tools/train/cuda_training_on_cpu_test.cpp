// Training on the CUDA back end and the emulated device, with the data set and its augmentation
// there.
#include <cmath>

#include <doctest/doctest.h>

#include "kernels/cuda/backend.h"
#include "tests/support/support.h"
#include "tests/tools/train/training_support.h"
#include "tools/train/trainer.h"

namespace odin::training {
namespace {

struct Result {
  std::vector<double> losses;
  ParameterMap parameters;
  Tally evaluation;
};

// Three steps, one of them on images of half the size, and an evaluation.
Result train(Backend& backend, const Architecture& architecture) {
  const std::vector<float> kMean{0.5f, 0.45f, 0.4f};
  const std::vector<float> kStd{0.25f, 0.2f, 0.3f};
  Recipe recipe;
  recipe.epochs = 1.5;
  recipe.half_size_epochs = 0.5;
  recipe.batch_size = 2;
  recipe.learning_rate = 0.05;
  recipe.weight_decay = 5e-4;
  recipe.dropout = 0.2;
  recipe.seed = 4;
  const ImageSet images(*test::make_stripes(4, 1), kMean, kStd, backend);
  Trainer trainer(architecture, recipe, images, backend);
  Result result;
  while (!trainer.done()) result.losses.push_back(trainer.step().loss);
  result.evaluation = trainer.evaluate(images);
  result.parameters = trainer.parameters();
  return result;
}

std::unique_ptr<Backend> make_emulated(Precision precision) {
  return std::make_unique<cuda::CudaBackend>(
      cuda::use_gpu("cuda:0", 0),
      DeviceOptions{.precision = precision, .convolution = ConvolutionAlgorithm::kOwn});
}

const std::vector<float> kHalf{0.5f, 0.5f, 0.5f};
const std::vector<float> kQuarter{0.25f, 0.25f, 0.25f};

ImageSet stripes(std::int64_t count, std::uint64_t seed, Backend& backend) {
  return {*test::make_stripes(count, seed), kHalf, kQuarter, backend};
}

// Of half the size, because an emulated device is slow: tiny networks need no more to distinguish
// stripes.
Recipe small_recipe(double epochs) {
  Recipe recipe;
  recipe.epochs = recipe.half_size_epochs = epochs;
  recipe.batch_size = 8;
  recipe.schedule = Schedule::kCosine;
  recipe.augmentation = {2, true};
  recipe.seed = 1;
  return recipe;
}

}  // namespace

// Float against double over three steps.
TEST_CASE("training on the emulated device agrees with the reference") {
  const auto reference = make_reference_backend();
  const auto emulated = make_emulated(Precision::kFloat32);
  for (const Architecture& architecture : {Architecture(DenseNetConfig{10, 2, 0.5, true, 3}),
                                           Architecture(WideResNetConfig{10, 1, 3})}) {
    INFO(name_of(architecture));
    const Result expected = train(*reference, architecture);
    const Result result = train(*emulated, architecture);
    REQUIRE(result.losses.size() == 3);
    CHECK(test::relative_error<double, double>(result.losses, expected.losses) < 1e-5);
    CHECK(result.evaluation.loss == doctest::Approx(expected.evaluation.loss).epsilon(1e-4));
    for (const auto& [name, array] : expected.parameters) {
      INFO(name);
      CHECK(test::relative_error<float, float>(result.parameters.at(name).values, array.values) <
            1e-4);
    }
  }
}

namespace {

// Trains on stripes and returns the error on others; guessing is wrong in two of three cases.
double error_after(const Architecture& architecture, std::int64_t count, Precision precision) {
  const auto backend = make_emulated(precision);
  const ImageSet images = stripes(count, 1, *backend);
  const ImageSet others = stripes(48, 2, *backend);
  Trainer trainer(architecture, small_recipe(3), images, *backend);
  CHECK(trainer.evaluate(others).error() > 0.4);
  while (!trainer.done()) trainer.step();
  return trainer.evaluate(others).error();
}

const DenseNetConfig kDenseNet{10, 4, 0.5, true, 3};
const WideResNetConfig kWideResNet{10, 1, 3};

bool same(const ParameterMap& a, const ParameterMap& b, bool statistics) {
  for (const auto& [name, array] : a) {
    const bool is_statistic = name.find(".running_") != std::string::npos;
    if ((statistics || !is_statistic) && b.at(name).values != array.values) return false;
  }
  return a.size() == b.size();
}

}  // namespace

TEST_CASE("a tiny DenseNet learns in fp16 on the emulated device") {
  CHECK(error_after(kDenseNet, 96, Precision::kFloat16) <= 0.1);
}
TEST_CASE("a tiny DenseNet learns in bf16 on the emulated device" * doctest::test_suite("slow")) {
  CHECK(error_after(kDenseNet, 96, Precision::kBFloat16) <= 0.1);
}
TEST_CASE("a tiny Wide ResNet learns in fp16 on the emulated device" *
          doctest::test_suite("slow")) {
  CHECK(error_after(kWideResNet, 48, Precision::kFloat16) <= 0.1);
}
TEST_CASE("a tiny Wide ResNet learns in bf16 on the emulated device" *
          doctest::test_suite("slow")) {
  CHECK(error_after(kWideResNet, 48, Precision::kBFloat16) <= 0.1);
}

TEST_CASE("gradients that overflow in fp16 change only the loss scale") {
  const auto backend = make_emulated(Precision::kFloat16);
  const ImageSet images = stripes(16, 1, *backend);
  Trainer trainer(kDenseNet, small_recipe(3), images, *backend);
  CHECK(trainer.loss_scale().value == LossScale::kFirst);
  trainer.restore(0, trainer.parameters(), trainer.velocities(), {0x1p+24, 1234});
  double scale = 0x1p+24;
  int left_out = 0;
  while (!trainer.done()) {
    const ParameterMap parameters = trainer.parameters();
    const ParameterMap velocities = trainer.velocities();
    CHECK(std::isfinite(trainer.step().loss));
    const bool is_left_out = trainer.loss_scale().value < scale;
    CHECK(same(trainer.parameters(), parameters, false) == is_left_out);
    CHECK(same(trainer.velocities(), velocities, false) == is_left_out);
    CHECK_FALSE(same(trainer.parameters(), parameters, true));  // the statistics move
    if (is_left_out) {
      CHECK(trainer.loss_scale().value == scale / 2);
      CHECK(trainer.loss_scale().steps == 0);
    } else {
      CHECK(trainer.loss_scale().steps > 0);
    }
    scale = trainer.loss_scale().value;
    left_out += is_left_out;
  }
  CHECK(left_out > 0);
  CHECK(left_out < trainer.steps());
}

TEST_CASE("gradients that overflow in fp16 even unscaled end the training with a sentence") {
  const auto backend = make_emulated(Precision::kFloat16);
  const ImageSet images = stripes(16, 1, *backend);
  Trainer trainer(kDenseNet, small_recipe(3), images, *backend);
  ParameterMap parameters = trainer.parameters();
  for (float& weight : parameters.at("fc.weight").values) weight *= 1e8f;
  trainer.restore(0, parameters, trainer.velocities(), {1, 0});
  CHECK_THROWS_WITH_AS(trainer.step(), doctest::Contains("step 1: gradients overflow in fp16"),
                       Error);
}

TEST_CASE("an activation that overflows in fp16 stops a training even if the loss is finite") {
  const auto backend = make_emulated(Precision::kFloat16);
  const ImageSet images = stripes(16, 1, *backend);
  Trainer trainer(kDenseNet, small_recipe(3), images, *backend);
  ParameterMap parameters = trainer.parameters();
  // Finite in float, too large for a half.
  for (float& weight : parameters.at("conv1.weight").values) weight = 1e6f;
  trainer.restore(0, parameters, trainer.velocities());
  CHECK_THROWS_WITH_AS(trainer.step(), doctest::Contains("are in the output of conv1"), Error);
}

TEST_CASE("a training in fp16 resumes with its loss scale, bit for bit") {
  const auto backend = make_emulated(Precision::kFloat16);
  const ImageSet images = stripes(16, 1, *backend);
  const LossScale scale{4096, 1998};  // doubled after two steps
  Trainer straight(kDenseNet, small_recipe(2), images, *backend);
  straight.restore(0, straight.parameters(), straight.velocities(), scale);
  while (!straight.done()) straight.step();
  Trainer first(kDenseNet, small_recipe(2), images, *backend);
  first.restore(0, first.parameters(), first.velocities(), scale);
  first.step();
  Trainer second(kDenseNet, small_recipe(2), images, *backend);
  second.restore(1, first.parameters(), first.velocities(), first.loss_scale());
  while (!second.done()) second.step();
  CHECK(straight.loss_scale().value == 8192);
  CHECK(second.loss_scale().value == 8192);
  CHECK(second.loss_scale().steps == straight.loss_scale().steps);
  CHECK(same(second.parameters(), straight.parameters(), true));
  CHECK(same(second.velocities(), straight.velocities(), true));
}

}  // namespace odin::training
