// Which convolutions the versions can do, and what only some of them do.
#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include "kernels/cuda/conv/convolution.h"
#include "kernels/error.h"
#include "tests/kernels/cuda/convolution_cases.h"
#include "tests/kernels/cuda/support.h"

using namespace odin;
using namespace odin::test;

namespace {

using cuda::ConvolutionVersion;

// y, and what the next steps' prologue makes of it.
void check_normalised(const ConvolutionCase& c, const ConvolutionTypes& types,
                      ConvolutionVersion version) {
  const Shape out = y_shape(c);
  const DeviceActivation x(types.x, x_shape(c), noise(1, x_shape(c).numel()), c.in);
  const DeviceActivation alone(types.y, out, noise(2, out.numel()), c.out);
  const DeviceActivation y(types.y, out, noise(2, out.numel()), c.out);
  const DeviceActivation r(types.y, out, noise(3, out.numel()), c.out);
  const DeviceActivation normalised(types.y, out, noise(4, out.numel()), {16, 8});
  auto bias = device_floats(noise(12, c.outputs));
  auto scale = device_floats(noise(13, c.outputs));
  auto shift = device_floats(noise(14, c.outputs));
  cuda::ForwardConvolution convolution{};
  convolution.kernel = c.kernel;
  convolution.geometry = c.geometry;
  convolution.x = x.view();
  convolution.bias = bias.data();
  convolution.residual = r.view();
  convolution.y = alone.view();
  convolution.tf32 = types.tf32;
  if (out.numel() == 0 || !cuda::can_run(convolution, version)) return;
  PackedWeights weights(c, types.x, Pass::kForward);
  convolution.weights = weights.packed.data();
  cuda::convolution_forward(convolution, version, nullptr);
  const std::vector<double> sums = alone.values();

  convolution.y = y.view();
  convolution.next = {scale.data(), shift.data(), true};
  convolution.normalised = normalised.view();
  ExpectedMask mask = mask_of(out, sums, types.y, scale, shift);
  convolution.normalised_mask = mask.get();
  const auto at_once = cuda::masked_channels(types.y);
  const bool whole = c.outputs > 48 && c.outputs % at_once == 0 && c.out.begin % at_once == 0 &&
                     (c.out.begin + c.out.beyond) % at_once == 0;
  const bool product =
      version == ConvolutionVersion::kImplicitGemm || version == ConvolutionVersion::kWgmma;
  REQUIRE(cuda::can_run(convolution, version) == (whole && product));
  if (!whole || !product) {
    CHECK_THROWS_AS(cuda::convolution_forward(convolution, version, nullptr), Error);
    return;
  }
  cuda::convolution_forward(convolution, version, nullptr);
  CHECK(y.values() == sums);
  CHECK(mask.written() == mask.wanted());
  // The stored y, normalised in float and rounded once.
  std::vector<double> wanted = sums;
  const std::vector<float>& scales = scale.unchanged();
  const std::vector<float>& shifts = shift.unchanged();
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const std::size_t k = channel_of(i, out);
    wanted[i] = std::max(std::fmaf(scales[k], static_cast<float>(wanted[i]), shifts[k]), 0.0F);
  }
  const DeviceActivation rounded(types.y, out, wanted);
  CHECK(normalised.values() == rounded.unchanged());
}

}  // namespace

TEST_CASE("cuda: convolution forward with what its readers' prologue makes of the result") {
  for_cases({ConvolutionVersion::kPlain, ConvolutionVersion::kImplicitGemm,
             ConvolutionVersion::kHalo, ConvolutionVersion::kWgmma},
            [](ConvolutionVersion version, const ConvolutionCase& c,
               const ConvolutionTypes& types) { check_normalised(c, types, version); });
}

TEST_CASE("cuda: a gradient that is added to is left alone where no tap leads") {
  if (!device_or_skip()) return;
  const ConvolutionCase c{1, 16, 6, 5, 8, 1, {2, 0}, {0, 0}, {0, 0}};
  const Shape in = x_shape(c);
  for (const ConvolutionVersion version :
       {ConvolutionVersion::kImplicitGemm, ConvolutionVersion::kWgmma}) {
    const DeviceActivation dy(Element::kHalf, y_shape(c), noise(1, y_shape(c).numel()));
    // Minus zero plus zero is plus zero.
    const DeviceActivation dx(Element::kHalf, in,
                              std::vector<double>(static_cast<std::size_t>(in.numel()), -0.0));
    PackedWeights weights(c, Element::kHalf, Pass::kBackward);
    cuda::BackwardConvolution convolution;
    convolution.kernel = c.kernel;
    convolution.geometry = c.geometry;
    convolution.dy = dy.view();
    convolution.weights = weights.packed.data();
    convolution.accumulate = true;
    convolution.dx = dx.view();
    if (!cuda::can_run(convolution, version)) continue;  // a GPU without wgmma
    cuda::convolution_backward_data(convolution, version, nullptr);
    const std::vector<double> gradient = dx.values();
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      const std::size_t row = i / 5 % 6;
      const std::size_t column = i % 5;
      CHECK((row % 2 == 0 && column % 2 == 0) == (gradient[i] != 0));
      CHECK((gradient[i] != 0 || std::signbit(gradient[i])));
    }
  }
}

TEST_CASE("cuda: kAuto loads pixels once where windows overlap and channels are few") {
  if (!device_or_skip()) return;
  const auto can = [](int channels, int outputs, int kernel, ConvolutionGeometry geometry,
                      int width, bool relu) {
    const DeviceActivation x(Element::kHalf, {1, channels, 4, width},
                             noise(1, std::int64_t{4} * channels * width));
    cuda::ForwardConvolution c;
    c.kernel = kernel;
    c.geometry = geometry;
    c.x = x.view();
    c.y = x.view();
    c.y.channels = outputs;
    c.prologue.relu = relu;
    return cuda::can_run(c, ConvolutionVersion::kHalo);
  };
  CHECK(can(48, 12, 3, {1, 1}, 64, false));
  CHECK(can(12, 48, 3, {1, 1}, 32, false));
  CHECK(!can(50, 12, 3, {1, 1}, 32, false));
  CHECK(!can(48, 50, 3, {1, 1}, 32, false));
  CHECK(!can(48, 12, 1, {1, 0}, 32, false));
  CHECK(!can(48, 12, 3, {1, 0}, 32, false));
  CHECK(!can(48, 12, 3, {2, 1}, 32, false));
  CHECK(!can(48, 12, 3, {1, 1}, 65, false));
  CHECK(!can(48, 12, 3, {1, 1}, 32, true));
}

TEST_CASE("cuda: an odd number of halves is not for the implicit GEMMs") {
  if (!device_or_skip()) return;
  const auto can = [](int channels, int begin) {
    const DeviceActivation x(Element::kHalf, {1, channels, 2, 2}, noise(1, 4 * channels),
                             {begin, 6 - begin});
    const DeviceActivation y(Element::kHalf, {1, 8, 2, 2}, noise(2, 32));
    cuda::ForwardConvolution convolution;
    convolution.x = x.view();
    convolution.y = y.view();
    return cuda::can_run(convolution, ConvolutionVersion::kImplicitGemm);
  };
  CHECK(can(10, 2));
  CHECK(!can(10, 1));
  CHECK(!can(9, 2));
}

TEST_CASE("cuda: a convolution whose operands do not fit is refused") {
  if (!device_or_skip()) return;
  const DeviceActivation x(Element::kFloat, {1, 4, 4, 4}, noise(1, 64));
  const DeviceActivation y(Element::kFloat, {1, 4, 3, 4}, noise(1, 48));
  cuda::ForwardConvolution forward{};
  forward.kernel = 3;
  forward.geometry = {1, 1};
  forward.x = x.view();
  forward.y = y.view();
  CHECK_THROWS_AS(cuda::convolution_forward(forward, ConvolutionVersion::kPlain, nullptr), Error);
  forward.y = x.view();
  DeviceArray<std::uint8_t> mask(std::vector<std::uint8_t>(16));
  forward.input_mask = {mask.data(), 1};  // but there is no prologue
  CHECK_THROWS_WITH_AS(
      cuda::convolution_forward(forward, ConvolutionVersion::kImplicitGemm, nullptr),
      doctest::Contains("can write its input's mask"), Error);
  forward.input_mask = {};
  forward.output_mask = {mask.data(), 1};  // but there is no ReLU
  CHECK_THROWS_WITH_AS(
      cuda::convolution_forward(forward, ConvolutionVersion::kImplicitGemm, nullptr),
      doctest::Contains("without a ReLU has no mask"), Error);
  cuda::BackwardConvolution backward{};
  backward.kernel = 3;
  backward.geometry = {1, 1};
  backward.dy = x.view();
  backward.dx = x.view();
  backward.affine.relu = true;  // but neither mask nor x
  CHECK_THROWS_AS(cuda::convolution_backward_data(backward, ConvolutionVersion::kPlain, nullptr),
                  Error);
}
