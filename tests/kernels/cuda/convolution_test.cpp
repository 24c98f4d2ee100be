#include "kernels/cuda/conv/convolution.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "kernels/error.h"
#include "tests/kernels/cuda/convolution_cases.h"
#include "tests/kernels/cuda/support.h"
#include "tests/support/support.h"

using namespace odin;
using namespace odin::test;

namespace {

using cuda::ConvolutionVersion;

void check_forward(Backend& reference, const ConvolutionCase& c, const ConvolutionTypes& types,
                   ConvolutionVersion version, bool prologue, bool epilogue, bool residual) {
  const Shape in = x_shape(c);
  const Shape out = y_shape(c);
  const DeviceActivation x(types.x, in, noise(1, in.numel()), c.in);
  const DeviceActivation y(types.y, out, noise(2, out.numel()), c.out);
  const DeviceActivation r(types.y, out, noise(3, out.numel()), c.out);
  auto scale = device_floats(noise(10, c.channels));
  auto shift = device_floats(noise(11, c.channels));
  auto bias = device_floats(noise(12, c.outputs));

  cuda::ForwardConvolution convolution{};
  convolution.kernel = c.kernel;
  convolution.geometry = c.geometry;
  convolution.x = x.view();
  convolution.y = y.view();
  convolution.tf32 = types.tf32;
  if (prologue) convolution.prologue = {scale.data(), shift.data(), true};
  if (epilogue) {
    convolution.bias = bias.data();
    convolution.relu = !residual;
  }
  if (residual) convolution.residual = r.view();
  if (!cuda::can_run(convolution, version)) {
    CHECK_THROWS_AS(cuda::convolution_forward(convolution, version, nullptr), Error);
    return;
  }
  PackedWeights weights(c, types.x, Pass::kForward);
  convolution.weights = weights.packed.data();
  ExpectedMask input_mask = mask_of(in, x.unchanged(), types.x, scale, shift);
  const bool masks_input = prologue && cuda::has_middle(c.kernel, c.geometry);
  if (masks_input) convolution.input_mask = input_mask.get();
  cuda::convolution_forward(convolution, version, nullptr);
  if (masks_input) CHECK(input_mask.written() == input_mask.wanted());

  auto z = x.unchanged();
  if (prologue) {
    const auto scales = unchanged(scale);
    const auto shifts = unchanged(shift);
    for (std::size_t i = 0; i < z.size(); ++i) {
      const std::size_t k = channel_of(i, in);
      z[i] = std::max(scales[k] * z[i] + shifts[k], 0.0);
    }
  }
  std::vector<double> wanted(static_cast<std::size_t>(out.numel()));
  reference.convolution_forward(c.geometry, tensor(z, in),
                                tensor(weights.stored, {c.outputs, c.channels, c.kernel, c.kernel}),
                                tensor(wanted, out));
  const auto biases = unchanged(bias);
  const auto& residuals = r.unchanged();
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (epilogue) wanted[i] += biases[channel_of(i, out)];
    if (convolution.relu) wanted[i] = std::max(wanted[i], 0.0);
    if (residual) wanted[i] += residuals[i];
  }
  const auto found = y.values();
  check_close(found, wanted, tolerance(types));

  if (!convolution.relu || out.numel() == 0) return;
  ExpectedMask output_mask(types.y, out, [&](std::size_t i) { return found[i] > 0; });
  convolution.output_mask = output_mask.get();
  if (!cuda::can_run(convolution, version)) {
    CHECK(version != ConvolutionVersion::kImplicitGemm);
    CHECK(version != ConvolutionVersion::kHalo);
    CHECK_THROWS_AS(cuda::convolution_forward(convolution, version, nullptr), Error);
    return;
  }
  cuda::convolution_forward(convolution, version, nullptr);
  CHECK(output_mask.written() == output_mask.wanted());
  CHECK(y.values() == found);
}

void check_backward(Backend& reference, const ConvolutionCase& c, const ConvolutionTypes& types,
                    ConvolutionVersion version, bool masked, bool scaled, bool accumulate) {
  const Shape in = x_shape(c);
  const Shape out = y_shape(c);
  const DeviceActivation x(types.x, in, noise(1, in.numel()), c.in);
  const DeviceActivation dx(types.x, in, noise(4, in.numel()), c.in);
  const DeviceActivation dy(types.y, out, noise(5, out.numel()), c.out);
  auto scale = device_floats(noise(10, c.channels));
  auto shift = device_floats(noise(11, c.channels));

  cuda::BackwardConvolution convolution{};
  convolution.kernel = c.kernel;
  convolution.geometry = c.geometry;
  convolution.dy = dy.view();
  convolution.accumulate = accumulate;
  convolution.dx = dx.view();
  convolution.tf32 = types.tf32;
  if (scaled) convolution.affine = {scale.data(), shift.data(), false};
  convolution.affine.relu = masked;
  if (masked) convolution.x = x.view();
  if (!cuda::can_run(convolution, version)) {
    CHECK_THROWS_AS(cuda::convolution_backward_data(convolution, version, nullptr), Error);
    return;
  }
  PackedWeights weights(c, types.x, Pass::kBackward);
  convolution.weights = weights.packed.data();
  auto wanted = dx.unchanged();
  cuda::convolution_backward_data(convolution, version, nullptr);

  const auto& gradients = dy.unchanged();
  std::vector<double> g(wanted.size());
  reference.convolution_backward_data(
      c.geometry, tensor(gradients, out),
      tensor(weights.stored, {c.outputs, c.channels, c.kernel, c.kernel}), tensor(g, in));
  const auto& values = x.unchanged();
  const auto scales = unchanged(scale);
  const auto shifts = unchanged(shift);
  for (std::size_t i = 0; i < g.size(); ++i) {
    const std::size_t k = channel_of(i, in);
    const double s = scaled ? scales[k] : 1;
    const bool open = !masked || s * values[i] + (scaled ? shifts[k] : 0) > 0;
    wanted[i] = (accumulate ? wanted[i] : 0) + (open ? s * g[i] : 0);
  }
  // The result is rounded to dx's type; the operands have dy's.
  const auto found = dx.values();
  check_close(found, wanted, tolerance({types.y, types.x, types.tf32}));

  if (!masked || in.numel() == 0) return;
  // The mask, given instead of x, gives the same result.
  const DeviceActivation same(types.x, in, noise(4, in.numel()), c.in);
  ExpectedMask mask = scaled
                          ? mask_of(in, values, types.x, scale, shift)
                          : ExpectedMask(types.x, in, [&](std::size_t i) { return values[i] > 0; });
  DeviceArray<std::uint8_t> bytes(mask.wanted());
  convolution.mask = {bytes.data(), mask.get().pitch};
  convolution.x = {};
  convolution.dx = same.view();
  cuda::convolution_backward_data(convolution, version, nullptr);
  CHECK(same.values() == found);
}

// Warpgroup products have their own tests: if a GPU refuses them, the other tests still run.
#ifdef ODIN_WATCHED  // the versions in which threads meet
constexpr auto kVersions = {ConvolutionVersion::kImage, ConvolutionVersion::kImplicitGemm,
                            ConvolutionVersion::kHalo};
#else
constexpr auto kVersions = {ConvolutionVersion::kPlain, ConvolutionVersion::kImage,
                            ConvolutionVersion::kImplicitGemm, ConvolutionVersion::kHalo,
                            ConvolutionVersion::kAuto};
#endif

// Which of the options a case takes with a type: all of them, one after the other if few cases are
// wanted, or two under the sanitizers, so that every case and every type takes every option
// somewhere.
class Turn {
 public:
  explicit Turn(int options)
      : options_(options), types_(static_cast<int>(convolution_types().size())) {}
  bool is(int option) const {
    if (few_cases()) return calls_ % options_ == option;
    const int first = (calls_ + calls_ / types_) % options_;
    return !kSanitized || option == first || option == (first + 1) % options_;
  }
  void next() { ++calls_; }

 private:
  int options_;
  int types_;
  int calls_ = 0;
};

void check_forward(std::initializer_list<ConvolutionVersion> versions) {
  const auto reference = make_reference_backend();
  Turn turn(4);
  for_cases(versions, [&](ConvolutionVersion version, const ConvolutionCase& c,
                          const ConvolutionTypes& types) {
    if (turn.is(0)) check_forward(*reference, c, types, version, false, false, false);
    if (turn.is(1)) check_forward(*reference, c, types, version, true, true, false);
    if (turn.is(2)) check_forward(*reference, c, types, version, false, true, true);
    if (turn.is(3)) check_forward(*reference, c, types, version, false, true, false);
    turn.next();
  });
}

void check_backward(std::initializer_list<ConvolutionVersion> versions) {
  const auto reference = make_reference_backend();
  Turn turn(3);
  for_cases(versions, [&](ConvolutionVersion version, const ConvolutionCase& c,
                          const ConvolutionTypes& types) {
    if (turn.is(0)) check_backward(*reference, c, types, version, false, false, false);
    if (turn.is(1)) check_backward(*reference, c, types, version, true, true, true);
    if (turn.is(2)) check_backward(*reference, c, types, version, true, false, false);
    turn.next();
  });
}

}  // namespace

TEST_CASE("cuda: convolution forward, bare and with every prologue and epilogue") {
  check_forward(kVersions);
}

TEST_CASE("cuda: convolution forward on warpgroup products") {
  check_forward({ConvolutionVersion::kWgmma});
}

TEST_CASE("cuda: convolution backward to the data, bare and with mask, scale and accumulation") {
  check_backward(kVersions);
}

TEST_CASE("cuda: convolution backward to the data on warpgroup products") {
  check_backward({ConvolutionVersion::kWgmma});
}

TEST_CASE("cuda: convolution backward to the filter") {
  if (!device_or_skip()) return;
  const auto reference = make_reference_backend();
  const auto test = [&](const ConvolutionCase& c, const ConvolutionTypes& types) {
    CAPTURE(x_shape(c).to_string());
    CAPTURE(c.kernel);
    CAPTURE(name_of(types.x));
    CAPTURE(name_of(types.y));
    const Shape in = x_shape(c);
    const Shape out = y_shape(c);
    const Shape w{c.outputs, c.channels, c.kernel, c.kernel};
    const DeviceActivation x(types.x, in, noise(1, in.numel()), c.in);
    const DeviceActivation dy(types.y, out, noise(2, out.numel()), c.out);
    auto dw = device_floats(noise(3, w.numel()));
    auto wanted = unchanged(dw);
    const auto& xs = x.unchanged();
    const auto& gradients = dy.unchanged();
    reference->convolution_backward_filter(c.geometry, tensor(xs, in), tensor(gradients, out),
                                           tensor(wanted, w));
    cuda::convolution_backward_filter(c.kernel, c.geometry, x.view(), dy.view(), dw.data(),
                                      nullptr);
    check_close(doubles(dw), wanted, 2e-6);  // summed in float, whatever is stored
  };
  for (const ConvolutionCase& c : convolution_cases()) {
    if (c.outputs * c.channels > 1000) continue;  // fibers take long to run a block for each pair
    for (const ConvolutionTypes& types : convolution_types()) {
      if (!types.tf32) test(c, types);
    }
  }
}
