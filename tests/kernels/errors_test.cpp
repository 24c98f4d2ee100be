// What operations report about operands that do not fit.
#include <limits>

#include <doctest/doctest.h>

#include "kernels/fused_training.h"
#include "tests/kernels/backends.h"
#include "tests/support/error_of.h"
#include "tests/support/support.h"

namespace odin::test {
namespace {

// Hands out tensors of a back end.
class Tensors {
 public:
  explicit Tensors(Backend& backend) : backend_(backend) {}

  TensorView operator()(const Shape& shape) { return make(shape, backend_.data_type()); }
  TensorView make(const Shape& shape, DataType type) {
    memory_.push_back(backend_.allocate(static_cast<std::size_t>(shape.numel()) * size_of(type)));
    return {memory_.back().get(), type, shape,
            shape.rank() == 4 ? backend_.activation_strides(shape) : row_major_strides(shape)};
  }

 private:
  Backend& backend_;
  std::vector<std::shared_ptr<void>> memory_;
};

// Calls test(back end, its tensors, the name of its data type) for every back end.
template <class Test>
void for_each_backend(Test test) {
  for (const BackendUnderTest& under_test : backends()) {
    INFO(under_test.name);
    const std::unique_ptr<Backend> backend = under_test.make();
    Tensors tensors(*backend);
    test(*backend, tensors, std::string(name_of(backend->data_type())));
  }
}

TEST_CASE("shapes that do not fit are both named") {
  for_each_backend([](Backend& b, Tensors& t, const std::string&) {
    CHECK(error_of([&] {
            b.copy(t({2, 3}), t({3, 2}));
          }) == "copy: y has shape (3, 2); with x of shape (2, 3) it must be (2, 3)");
    CHECK(error_of([&] { b.add(t({2}), t({3}), t({2})); }) ==
          "add: b has shape (3); with a of shape (2) it must be (2)");
    CHECK(error_of([&] {
            b.relu_forward(t({1, 2, 3, 3}), t({1, 2, 3, 4}));
          }) ==
          "relu_forward: y has shape (1, 2, 3, 4); with x of shape (1, 2, 3, 3) it must be "
          "(1, 2, 3, 3)");
    CHECK(error_of([&] {
            b.relu_forward(t({2, 3}), t({2, 3}));
          }) == "relu_forward: x has shape (2, 3); it must have 4 axes");
    CHECK(error_of([&] {
            b.relu_backward(t({1, 2, 3, 3}), t({1, 2, 3, 3}), t({2, 2, 3, 3}));
          }) ==
          "relu_backward: dx has shape (2, 2, 3, 3); with y of shape (1, 2, 3, 3) it must be "
          "(1, 2, 3, 3)");
  });
}

TEST_CASE("convolutions name the operands that differ") {
  for_each_backend([](Backend& b, Tensors& t, const std::string&) {
    const TensorView x = t({2, 3, 7, 5});
    const TensorView w = t({4, 3, 3, 3});
    CHECK(error_of([&] {
            b.convolution_forward({1, 1}, x, t({4, 2, 3, 3}), t({2, 4, 7, 5}));
          }) ==
          "convolution_forward: x has shape (2, 3, 7, 5) and w (4, 2, 3, 3); their channels "
          "differ");
    CHECK(error_of([&] {
            b.convolution_forward({2, 1}, x, w, t({2, 4, 7, 5}));
          }) ==
          "convolution_forward: y has shape (2, 4, 7, 5); with x (2, 3, 7, 5) and w (4, 3, 3, 3) "
          "at stride 2 and padding 1 it must be (2, 4, 4, 3)");
    CHECK(error_of([&] {
            b.convolution_backward_data({1, 0}, t({2, 4, 5, 4}), w, x);
          }) ==
          "convolution_backward_data: dy has shape (2, 4, 5, 4); with dx (2, 3, 7, 5) and w (4, 3, "
          "3, 3) at stride 1 and padding 0 it must be (2, 4, 5, 3)");
    CHECK(error_of([&] {
            b.convolution_backward_filter({1, 1}, x, t({1, 4, 7, 5}), w);
          }) ==
          "convolution_backward_filter: dy has shape (1, 4, 7, 5); with x (2, 3, 7, 5) and dw (4, "
          "3, 3, 3) at stride 1 and padding 1 it must be (2, 4, 7, 5)");
    CHECK(error_of([&] {
            b.convolution_forward({0, 1}, x, w, t({2, 4, 7, 5}));
          }) == "a window of 3 at stride 0 with padding 1 is not possible");
    CHECK(error_of([&] {
            b.convolution_forward({1, -1}, x, w, t({2, 4, 7, 5}));
          }) == "a window of 3 at stride 1 with padding -1 is not possible");
    CHECK(error_of([&] {
            b.convolution_forward({1, 0}, x, t({4, 3, 9, 9}), t({2, 4, 1, 1}));
          }) == "a window of 9 does not fit into 7 elements padded by 0");
    CHECK(error_of([&] {
            b.convolution_forward({1, 1}, x, t({4, 5, 3, 3}).channels(1, 3), t({2, 4, 7, 5}));
          }) == "convolution_forward: w of shape (4, 3, 3, 3) must be dense, not a slice");
  });
}

TEST_CASE("a step of SGD names the operand and the setting that do not fit") {
  for_each_backend([](Backend& b, Tensors& t, const std::string&) {
    const TensorView w = t({2, 3});
    CHECK(error_of([&] {
            b.sgd_step({}, t({3, 2}), w, w);
          }) == "sgd_step: w has shape (2, 3); with gradient of shape (3, 2) it must be (3, 2)");
    CHECK(error_of([&] {
            b.sgd_step({}, w, w, t({2, 4}).slice(1, 0, 3));
          }) == "sgd_step: velocity of shape (2, 3) must be dense, not a slice");
    CHECK(error_of([&] { b.sgd_step({.learning_rate = -0.5}, w, w, w); }) ==
          "sgd_step: learning rate -0.5, momentum 0.9 and weight decay 0 must be finite and not "
          "below 0");
  });
}

TEST_CASE(
    "an augmentation names the operand that does not fit, and the image that does not exist") {
  for_each_backend([](Backend& b, Tensors& t, const std::string& type) {
    const TensorView y = t({2, 3, 4, 4});
    const TensorView c = t({3});
    const std::shared_ptr<void> memory = b.allocate(5 * 48);
    const auto images = [&](const Shape& shape) {
      return TensorView(memory.get(), DataType::kUInt8, shape, row_major_strides(shape));
    };
    const TensorView indices = t.make({2}, DataType::kInt32);
    CHECK(error_of([&] { b.augment({}, {}, y, indices, c, c, y); }) ==
          "augment: images is a tensor of " + type + "; it must be one of uint8");
    CHECK(error_of([&] {
            b.augment({}, {}, images({5, 3, 4, 3}), indices, c, c, y);
          }) ==
          "augment: images has shape (5, 3, 4, 3); with y of shape (2, 3, 4, 4) it must be "
          "(5, 3, 4, 4)");
    CHECK(error_of([&] {
            b.augment({-1, false}, {}, images({5, 3, 4, 4}), indices, c, c, y);
          }) == "augment: the crop padding is -1; it must be at least 0 and below 32768");
    for (const double index : {-1.0, 5.0}) {
      const std::vector<double> values{0, index};
      b.upload(values.data(), indices);
      CHECK(error_of([&] {
              b.augment({}, {}, images({5, 3, 4, 4}), indices, c, c, y);
            }) == fmt::format("augment: index 1 is {}; it must be in [0, 5)", index));
    }
  });
}

TEST_CASE("batch norms name the operand that does not fit") {
  for_each_backend([](Backend& b, Tensors& t, const std::string&) {
    const TensorView x = t({2, 3, 2, 2});
    const TensorView c = t({3});
    const auto training = [&](const TensorView& input, const TensorView& gamma, double epsilon,
                              double momentum) {
      return error_of([&] {
        b.batch_norm_forward_training(input, gamma, c, epsilon, momentum, false, c, c, input, c, c);
      });
    };
    CHECK(training(x, t({4}), 1e-5, 0.1) ==
          "batch_norm_forward_training: gamma has shape (4); with x of shape (2, 3, 2, 2) it must "
          "be (3)");
    CHECK(training(x, t({3, 2}).slice(1, 0, 1), 1e-5, 0.1) ==
          "batch_norm_forward_training: gamma has shape (3, 1); with x of shape (2, 3, 2, 2) it "
          "must be (3)");
    CHECK(training(x, c, 0, 0.1) ==
          "batch_norm_forward_training: epsilon is 0; it must be above 0 and finite");
    CHECK(training(x, c, std::numeric_limits<double>::infinity(), 0.1) ==
          "batch_norm_forward_training: epsilon is inf; it must be above 0 and finite");
    CHECK(training(x, c, 1e-5, 1.5) ==
          "batch_norm_forward_training: momentum is 1.5; it must be in [0, 1]");
    CHECK(training(t({1, 3, 1, 1}), c, 1e-5, 0.1) ==
          "batch_norm_forward_training: x has shape (1, 3, 1, 1); statistics need at least two "
          "elements per channel");
    CHECK(error_of([&] {
            b.batch_norm_backward_training(x, x, c, c, c, c, false, t({1, 3, 2, 2}), {}, {});
          }) ==
          "batch_norm_backward_training: dx has shape (1, 3, 2, 2); with x of shape (2, 3, 2, 2) "
          "it must be (2, 3, 2, 2)");
    CHECK(error_of(
              [&] { b.batch_norm_backward_training(x, x, c, c, c, c, false, {}, {}, t({2})); }) ==
          "batch_norm_backward_training: dbeta has shape (2); with x of shape (2, 3, 2, 2) it must "
          "be (3)");
    CHECK(error_of([&] { b.batch_norm_forward_evaluation(x, c, c, {}, c, 1e-5, x); }) ==
          "batch_norm_forward_evaluation: running_mean is missing");
    CHECK(
        error_of([&] { b.batch_norm_backward_evaluation(x, x, c, c, t({1}), 1e-5, {}, {}, {}); }) ==
        "batch_norm_backward_evaluation: running_var has shape (1); with x of shape (2, 3, 2, 2) "
        "it must be (3)");
  });
}

TEST_CASE("fused steps of training name the operand that does not fit") {
  for_each_backend([](Backend& b, Tensors& t, const std::string&) {
    FusedTraining* const fused = b.fused_training();
    if (!fused) return;
    const TensorView x = t({2, 3, 2, 2});
    const TensorView c = t({3});
    const TensorView apart = t({6, 2}).slice(1, 0, 1);  // its elements have gaps
    const TensorView gaps(apart.raw(), apart.type(), {3}, Strides{2});
    const auto statistics = [&](const TensorView& of, const TensorView& mean, double epsilon) {
      return error_of([&] { fused->channel_statistics(of, epsilon, {mean, c, c}); });
    };
    CHECK(statistics(x, c, 0) == "channel_statistics: epsilon is 0; it must be above 0 and finite");
    CHECK(statistics(x, c, std::numeric_limits<double>::infinity()) ==
          "channel_statistics: epsilon is inf; it must be above 0 and finite");
    CHECK(statistics(x, gaps, 1e-5) ==
          "channel_statistics: mean of shape (3) must be dense, not a slice");
    CHECK(statistics(t({1, 3, 1, 1}), c, 1e-5) ==
          "channel_statistics: x has shape (1, 3, 1, 1); statistics need at least two elements per "
          "channel");

    const auto move = [&](const TensorView& mean, const TensorView& running_var, std::int64_t count,
                          double momentum) {
      return error_of(
          [&] { fused->move_running_statistics(mean, c, count, momentum, c, running_var); });
    };
    CHECK(move(c, c, 8, 0.1) == "no error");
    CHECK(move(x, c, 8, 0.1) ==
          "move_running_statistics: mean has shape (2, 3, 2, 2); it must have 1 axes");
    CHECK(move(c, t({4}), 8, 0.1) ==
          "move_running_statistics: running_var has shape (4); with mean of shape (3) it must be "
          "(3)");
    CHECK(move(gaps, c, 8, 0.1) ==
          "move_running_statistics: mean of shape (3) must be dense, not a slice");
    CHECK(move(c, gaps, 8, 0.1) ==
          "move_running_statistics: running_var of shape (3) must be dense, not a slice");
    CHECK(move(c, c, 1, 0.1) == "move_running_statistics: 1 elements have no unbiased variance");
    CHECK(move(c, c, 8, 1.5) == "move_running_statistics: momentum is 1.5; it must be in [0, 1]");
    CHECK(move(c, c, 8, std::numeric_limits<double>::quiet_NaN()) ==
          "move_running_statistics: momentum is nan; it must be in [0, 1]");

    const TensorView w = t({4, 3, 1, 1});
    const TensorView y = t({2, 4, 2, 2});
    const NormalisedInput in{x, c, c, c, c};
    CHECK(error_of([&] {
            fused->convolution_forward({}, in, w, y, -1, {t({4}), t({4}), t({4})});
          }) == "convolution_forward: epsilon is -1; it must be above 0 and finite");
    CHECK(error_of([&] {
            fused->convolution_backward({}, in, w, {y, {}, {}, {}, {}},
                                        t({4, 4, 1, 1}).slice(1, 0, 3), {x, true, {c, c}, {}, {}});
          }) == "convolution_backward: dw of shape (4, 3, 1, 1) must be dense, not a slice");
  });
}

TEST_CASE("pools, linear layers and losses name the operand that does not fit") {
  for_each_backend([](Backend& b, Tensors& t, const std::string&) {
    CHECK(error_of([&] {
            b.average_pool_forward(2, 2, t({2, 3, 5, 4}), t({2, 3, 3, 2}));
          }) ==
          "average_pool_forward: y has shape (2, 3, 3, 2); with x (2, 3, 5, 4) and a window of 2 "
          "at stride 2 it must be (2, 3, 2, 2)");
    CHECK(error_of([&] {
            b.average_pool_backward(2, 2, t({2, 3, 3, 2}), t({2, 3, 5, 4}));
          }) ==
          "average_pool_backward: dy has shape (2, 3, 3, 2); with dx (2, 3, 5, 4) and a window of "
          "2 at stride 2 it must be (2, 3, 2, 2)");
    CHECK(error_of([&] {
            b.linear_forward(t({2, 5}), t({4, 6}), t({4}), t({2, 4}));
          }) == "linear_forward: x has shape (2, 5) and w (4, 6); their numbers of inputs differ");
    CHECK(error_of([&] {
            b.linear_forward(t({2, 5}), t({4, 5}), t({4}), t({2, 3}));
          }) == "linear_forward: y has shape (2, 3); with w of shape (4, 5) it must be (2, 4)");
    CHECK(error_of([&] {
            b.linear_forward(t({2, 5}), t({4, 5}), t({5}), t({2, 4}));
          }) == "linear_forward: b has shape (5); with w of shape (4, 5) it must be (4)");
    CHECK(error_of([&] {
            const TensorView x = t({5, 2});
            const TensorView transposed(x.raw(), x.type(), {2, 5}, Strides{1, 2});
            b.linear_forward(transposed, t({4, 5}), t({4}), t({2, 4}));
          }) == "linear_forward: the rows of x of shape (2, 5) must have no gaps");
    CHECK(error_of([&] {
            b.linear_backward(t({2, 5}), t({4, 5}), t({2, 4}), {}, t({5, 4}), {});
          }) == "linear_backward: dw has shape (5, 4); with w of shape (4, 5) it must be (4, 5)");

    const TensorView labels = t.make({2}, DataType::kInt32);
    const TensorView logits = t({2, 3});
    CHECK(error_of([&] { b.cross_entropy_forward(logits, labels, 0, t({2})); }) ==
          "cross_entropy_forward: the temperature is 0; it must be above 0");
    CHECK(error_of([&] { b.cross_entropy_backward(logits, labels, -1, 1, logits); }) ==
          "cross_entropy_backward: the temperature is -1; it must be above 0");
    CHECK(error_of([&] {
            b.cross_entropy_forward(logits, labels, std::numeric_limits<double>::quiet_NaN(),
                                    t({2}));
          }) == "cross_entropy_forward: the temperature is nan; it must be above 0");
    CHECK(error_of([&] { b.cross_entropy_forward(logits, labels, 1, t({3})); }) ==
          "cross_entropy_forward: loss has shape (3); with logits of shape (2, 3) it must be (2)");
    CHECK(error_of([&] {
            b.cross_entropy_forward(t({2, 0}), labels, 1, t({2}));
          }) == "cross_entropy_forward: logits has shape (2, 0), which has no classes");
    CHECK(error_of([&] { b.argmax(logits, t.make({3}, DataType::kInt32)); }) ==
          "argmax: labels has shape (3); with logits of shape (2, 3) it must be (2)");

    for (const double label : {-1.0, 3.0}) {
      const std::vector<double> values{0, label};
      b.upload(values.data(), labels);
      const std::string end =
          fmt::format(": the label of image 1 is {}; it must be in [0, 3)", label);
      CHECK(error_of([&] { b.cross_entropy_forward(logits, labels, 1, t({2})); }) ==
            "cross_entropy_forward" + end);
      CHECK(error_of([&] { b.cross_entropy_backward(logits, labels, 1, 1, logits); }) ==
            "cross_entropy_backward" + end);
    }
  });
}

TEST_CASE("perturbation and dropout name what does not fit") {
  for_each_backend([](Backend& b, Tensors& t, const std::string&) {
    const TensorView x = t({2, 3, 2, 2});
    CHECK(error_of([&] {
            b.perturb(x, t({2, 3, 2, 1}), t({3}), x);
          }) ==
          "perturb: gradient has shape (2, 3, 2, 1); with x of shape (2, 3, 2, 2) it must be (2, "
          "3, 2, 2)");
    CHECK(error_of([&] { b.perturb(x, x, t({2}), x); }) ==
          "perturb: step has shape (2); with x of shape (2, 3, 2, 2) it must be (3)");
    CHECK(error_of([&] { b.dropout_forward(1, {}, x, x); }) ==
          "dropout_forward: the rate is 1; it must be in [0, 1)");
    CHECK(error_of([&] { b.dropout_backward(-0.5, {}, x, x); }) ==
          "dropout_backward: the rate is -0.5; it must be in [0, 1)");
    CHECK(error_of([&] {
            b.dropout_forward(0.5, {}, x, t({2, 3, 2, 1}));
          }) ==
          "dropout_forward: y has shape (2, 3, 2, 1); with x of shape (2, 3, 2, 2) it must be (2, "
          "3, 2, 2)");
  });
}

TEST_CASE("types that do not fit are both named") {
  for_each_backend([](Backend& b, Tensors& t, const std::string& type) {
    const DataType other =
        b.data_type() == DataType::kFloat32 ? DataType::kFloat64 : DataType::kFloat32;
    const std::string found = std::string(name_of(other));
    CHECK(error_of([&] { b.fill(t.make({2}, other), 1); }) ==
          "fill: y is a tensor of " + found + "; it must be one of " + type);
    CHECK(error_of([&] {
            b.relu_forward(t({1, 1, 2, 2}), t.make({1, 1, 2, 2}, other));
          }) == "relu_forward: y is a tensor of " + found + "; it must be one of " + type);
    CHECK(error_of([&] {
            b.argmax(t({2, 3}), t({2}));
          }) == "argmax: labels is a tensor of " + type + "; it must be one of int32");
    CHECK(error_of([&] {
            b.convolution_forward({}, {}, t({1, 1, 1, 1}), t({1, 1, 1, 1}));
          }) == "convolution_forward: x has shape (); it must have 4 axes");
  });
}

TEST_CASE("the CPU refuses activations that are not planar") {
  const std::unique_ptr<Backend> cpu = make_cpu_backend(1);
  Tensors t(*cpu);
  const TensorView rows = t({1, 2, 4, 4}).slice(2, 0, 2);
  CHECK(
      error_of([&] { cpu->relu_forward(rows, rows); }) ==
      "x of shape (1, 2, 2, 4) must be planar on the CPU: dense, or images or channels of a dense "
      "tensor");
}

TEST_CASE("a negative number of threads is refused") {
  CHECK(error_of([] { make_cpu_backend(-1); }) == "-1 threads are not possible; 0 takes all cores");
}

}  // namespace
}  // namespace odin::test
