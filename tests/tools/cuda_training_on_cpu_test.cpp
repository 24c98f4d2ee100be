// Training on the CUDA back end and the emulated device: data set and augmentation there, too.
#include <doctest/doctest.h>

#include "kernels/cuda/backend.h"
#include "tests/support/support.h"
#include "tests/tools/training_support.h"
#include "tools/training/trainer.h"

namespace odin::training {
namespace {

struct Result {
  std::vector<double> losses;
  ParameterMap parameters;
  Tally evaluation;
};

// Three steps, of which one sees images of half the size, and an evaluation.
Result train(Backend& backend, const Architecture& architecture) {
  constexpr std::array<float, 3> kMean{0.5f, 0.45f, 0.4f};
  constexpr std::array<float, 3> kStd{0.25f, 0.2f, 0.3f};
  Recipe recipe;
  recipe.epochs = 1.5;
  recipe.half_size_epochs = 0.5;
  recipe.batch_size = 2;
  recipe.learning_rate = 0.05;
  recipe.weight_decay = 5e-4;
  recipe.dropout = 0.2;
  recipe.seed = 4;
  const ImageSet images(*test::make_stripes(4, 1), 0, 4, kMean, kStd, backend);
  Trainer trainer(architecture, recipe, images, backend);
  Result result;
  while (!trainer.done()) result.losses.push_back(trainer.step().loss);
  result.evaluation = trainer.evaluate(images);
  result.parameters = trainer.parameters();
  return result;
}

}  // namespace

// Float against double over three steps.
TEST_CASE("training on the emulated device computes what the reference does") {
  const auto reference = make_reference_backend();
  const auto emulated =
      cuda::make_cuda_backend(cuda::use_gpu("cuda:0", 0), {.convolution = ConvolutionChoice::kOwn});
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

}  // namespace odin::training
