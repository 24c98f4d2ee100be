#include "tests/kernels/operations.h"

#include "tests/kernels/operation_run.h"
#include "tests/support/support.h"

namespace odin::test {
namespace {

Operand activation(const std::string& name, Role role, const Shape& shape,
                   Values values = Values::kNormal) {
  return {name, role, shape, values, false};
}

Operand parameter(const std::string& name, Role role, const Shape& shape,
                  Values values = Values::kNormal) {
  return {name, role, shape, values, true};
}

Operation convolution(const Shape& x, std::int64_t outputs, std::int64_t kernel_height,
                      std::int64_t kernel_width, int stride, int padding) {
  const Shape w{outputs, x[1], kernel_height, kernel_width};
  const Shape y{x[0], outputs, windowed_extent(x[2], kernel_height, stride, padding),
                windowed_extent(x[3], kernel_width, stride, padding)};
  const ConvolutionGeometry geometry{stride, padding};
  return {fmt::format("convolution of {} with {} at stride {} with padding {}", x.to_string(),
                      w.to_string(), stride, padding),
          {activation("x", Role::kInput, x), parameter("w", Role::kInput, w),
           activation("y", Role::kOutput, y)},
          [=](Backend& b, Run& t) { b.convolution_forward(geometry, t["x"], t["w"], t["y"]); },
          [=](Backend& b, Run& t) {
            b.convolution_backward_data(geometry, t["dy"], t["w"], t["dx"]);
            b.convolution_backward_filter(geometry, t["x"], t["dy"], t["dw"]);
          }};
}

Operation batch_norm_training(const Shape& x, bool relu) {
  const Shape c{x[1]};
  return {fmt::format("batch norm in training of {}{}", x.to_string(), relu ? ", with ReLU" : ""),
          {activation("x", Role::kInput, x), parameter("gamma", Role::kInput, c),
           parameter("beta", Role::kInput, c), parameter("running_mean", Role::kState, c),
           parameter("running_var", Role::kState, c, Values::kPositive),
           activation("y", Role::kOutput, x), parameter("mean", Role::kSaved, c),
           parameter("inv_std", Role::kSaved, c)},
          [=](Backend& b, Run& t) {
            b.batch_norm_forward_training(t["x"], t["gamma"], t["beta"], 1e-5, 0.1, relu,
                                          t["running_mean"], t["running_var"], t["y"], t["mean"],
                                          t["inv_std"]);
          },
          [=](Backend& b, Run& t) {
            b.batch_norm_backward_training(t["x"], t["dy"], t["gamma"], t["beta"], t["mean"],
                                           t["inv_std"], relu, t["dx"], t["dgamma"], t["dbeta"]);
          },
          true};
}

Operation batch_norm_evaluation(const Shape& x) {
  const Shape c{x[1]};
  return {
      "batch norm in evaluation of " + x.to_string(),
      {activation("x", Role::kInput, x), parameter("gamma", Role::kInput, c),
       parameter("beta", Role::kInput, c), parameter("mean", Role::kConstant, c),
       parameter("var", Role::kConstant, c, Values::kPositive), activation("y", Role::kOutput, x)},
      [](Backend& b, Run& t) {
        b.batch_norm_forward_evaluation(t["x"], t["gamma"], t["beta"], t["mean"], t["var"], 1e-5,
                                        t["y"]);
      },
      [](Backend& b, Run& t) {
        b.batch_norm_backward_evaluation(t["x"], t["dy"], t["gamma"], t["mean"], t["var"], 1e-5,
                                         t["dx"], t["dgamma"], t["dbeta"]);
      }};
}

Operation relu(const Shape& x) {
  return {
      "ReLU of " + x.to_string(),
      {activation("x", Role::kInput, x, Values::kAwayFromZero), activation("y", Role::kOutput, x)},
      [](Backend& b, Run& t) { b.relu_forward(t["x"], t["y"]); },
      [](Backend& b, Run& t) { b.relu_backward(t["y"], t["dy"], t["dx"]); }};
}

Operation average_pool(const Shape& x, int window, int stride) {
  const Shape y{x[0], x[1], windowed_extent(x[2], window, stride, 0),
                windowed_extent(x[3], window, stride, 0)};
  return {fmt::format("average pool of {} by {} at stride {}", x.to_string(), window, stride),
          {activation("x", Role::kInput, x), activation("y", Role::kOutput, y)},
          [=](Backend& b, Run& t) { b.average_pool_forward(window, stride, t["x"], t["y"]); },
          [=](Backend& b, Run& t) { b.average_pool_backward(window, stride, t["dy"], t["dx"]); }};
}

Operation linear(std::int64_t images, std::int64_t inputs, std::int64_t outputs) {
  return {fmt::format("linear of {} images from {} to {}", images, inputs, outputs),
          {activation("x", Role::kInput, {images, inputs}),
           parameter("w", Role::kInput, {outputs, inputs}), parameter("b", Role::kInput, {outputs}),
           activation("y", Role::kOutput, {images, outputs})},
          [](Backend& b, Run& t) { b.linear_forward(t["x"], t["w"], t["b"], t["y"]); },
          [](Backend& b, Run& t) {
            b.linear_backward(t["x"], t["w"], t["dy"], t["dx"], t["dw"], t["db"]);
          }};
}

Operation cross_entropy(std::int64_t images, std::int64_t classes, double temperature) {
  return {fmt::format("cross entropy of ({}, {}) at temperature {}", images, classes, temperature),
          {activation("logits", Role::kInput, {images, classes}),
           parameter("labels", Role::kConstant, {images}, Values::kLabels),
           parameter("loss", Role::kOutput, {images}, Values::kConstant)},
          [=](Backend& b, Run& t) {
            b.cross_entropy_forward(t["logits"], t["labels"], temperature, t["loss"]);
          },
          [=](Backend& b, Run& t) {
            b.cross_entropy_backward(t["logits"], t["labels"], temperature, 1.75, t["dlogits"]);
          }};
}

Operation argmax(std::int64_t images, std::int64_t classes) {
  return {fmt::format("argmax of ({}, {})", images, classes),
          {activation("logits", Role::kConstant, {images, classes}),
           parameter("labels", Role::kSaved, {images}, Values::kLabels)},
          [](Backend& b, Run& t) { b.argmax(t["logits"], t["labels"]); },
          {}};
}

Operation perturb(const Shape& x) {
  return {"perturbation of " + x.to_string(),
          {activation("x", Role::kConstant, x), activation("gradient", Role::kConstant, x),
           parameter("step", Role::kConstant, {x[1]}), activation("y", Role::kSaved, x)},
          [](Backend& b, Run& t) { b.perturb(t["x"], t["gradient"], t["step"], t["y"]); },
          {}};
}

Operation dropout(const Shape& x, double rate) {
  const RandomKey key{7, 3};
  return {fmt::format("dropout of {} at rate {}", x.to_string(), rate),
          {activation("x", Role::kInput, x), activation("y", Role::kOutput, x)},
          [=](Backend& b, Run& t) { b.dropout_forward(rate, key, t["x"], t["y"]); },
          [=](Backend& b, Run& t) { b.dropout_backward(rate, key, t["dy"], t["dx"]); }};
}

Operation sgd_step(const Shape& w, const SgdSetting& setting) {
  return {fmt::format("SGD of {} with momentum {}, decay {}{}, loss scale {}", w.to_string(),
                      setting.momentum, setting.weight_decay, setting.nesterov ? ", Nesterov" : "",
                      setting.loss_scale),
          {parameter("gradient", Role::kConstant, w), parameter("w", Role::kState, w),
           parameter("velocity", Role::kState, w)},
          [=](Backend& b, Run& t) { b.sgd_step(setting, t["gradient"], t["w"], t["velocity"]); },
          {}};
}

Operation find_not_finite(const Shape& x) {
  return {
      "search for what is not finite in " + x.to_string(),
      {parameter("x", Role::kConstant, x), parameter("found", Role::kState, {1}, Values::kLabels)},
      [](Backend& b, Run& t) { b.find_not_finite(t["x"], t["found"]); },
      {}};
}

// Four images of bytes, some of them used more than once.
Operation augment(const Shape& y, const Augmentation& augmentation, RandomKey key) {
  const Shape c{y[1]};
  return {
      fmt::format("augmentation of {} with padding {}{}", y.to_string(), augmentation.crop_padding,
                  augmentation.flip ? " and flips" : ""),
      {parameter("images", Role::kConstant, {4, y[1], y[2], y[3]}, Values::kBytes),
       parameter("indices", Role::kConstant, {y[0]}, Values::kLabels),
       parameter("mean", Role::kConstant, c),
       parameter("std", Role::kConstant, c, Values::kPositive), activation("y", Role::kSaved, y)},
      [=](Backend& b, Run& t) {
        b.augment(augmentation, key, t["images"], t["indices"], t["mean"], t["std"], t["y"]);
      },
      {}};
}

Operation fill(const Shape& y) {
  return {"fill of " + y.to_string(),
          {activation("y", Role::kSaved, y)},
          [](Backend& b, Run& t) { b.fill(t["y"], 0.375); },
          {}};
}

Operation copy(const Shape& x) {
  return {"copy of " + x.to_string(),
          {activation("x", Role::kConstant, x), activation("y", Role::kSaved, x)},
          [](Backend& b, Run& t) { b.copy(t["x"], t["y"]); },
          {}};
}

// The gradients of a sum are copies that are added, so the operation is its own backward pass.
Operation add(const Shape& x) {
  return {"sum of " + x.to_string(),
          {activation("a", Role::kInput, x), activation("b", Role::kInput, x),
           activation("y", Role::kOutput, x)},
          [](Backend& b, Run& t) { b.add(t["a"], t["b"], t["y"]); },
          [](Backend& b, Run& t) {
            for (const char* gradient : {"da", "db"}) {
              if (!t[gradient].empty()) b.add(t[gradient], t["dy"], t[gradient]);
            }
          }};
}

}  // namespace

std::vector<Operation> convolutions(std::int64_t images) {
  if (few_cases()) {
    return {convolution({images, 20, 6, 6}, 36, 3, 3, 1, 1),
            convolution({images, 54, 7, 5}, 48, 1, 1, 2, 0)};
  }
  std::vector<Operation> rows;
  struct Kernel {
    std::int64_t height;
    std::int64_t width;
  };
  for (const Kernel kernel : {Kernel{1, 1}, Kernel{3, 3}, Kernel{5, 3}}) {
    for (int stride = 1; stride <= 3; ++stride) {
      for (int padding = 0; padding <= 2; ++padding) {
        rows.push_back(
            convolution({images, 3, 7, 5}, 4, kernel.height, kernel.width, stride, padding));
      }
    }
  }
  rows.push_back(convolution({images, 1, 3, 7}, 1, 3, 3, 1, 1));
  rows.push_back(convolution({images, 1, 1, 1}, 1, 1, 1, 1, 0));
  rows.push_back(convolution({images, 5, 2, 2}, 2, 2, 2, 2, 0));
  return rows;
}

std::vector<Operation> operations(std::int64_t images) {
  const Shape odd{images, 3, 7, 5};
  std::vector<Operation> rows = convolutions(images);
  if (few_cases()) {
    const Shape x{images, 40, 7, 5};
    for (Operation& row :
         std::vector{batch_norm_training(x, true), batch_norm_evaluation(x), relu(x), perturb(odd),
                     dropout(x, 0.3), copy(x), add(x), average_pool(x, 2, 2),
                     linear(images, 130, 35), cross_entropy(images, 10, 1000), argmax(images, 10),
                     sgd_step({images, 3, 2, 2}, {0.1, 0.9, 1e-2, true}),
                     find_not_finite({images, 3, 2, 2}), augment(odd, {2, true}, {3, 6})}) {
      rows.push_back(std::move(row));
    }
    return rows;
  }
  for (const Shape& x : {odd, Shape{images, 1, 3, 2}}) {
    rows.push_back(batch_norm_training(x, false));
    rows.push_back(batch_norm_training(x, true));
    rows.push_back(batch_norm_evaluation(x));
    rows.push_back(relu(x));
    rows.push_back(perturb(x));
    rows.push_back(dropout(x, 0.3));
    rows.push_back(fill(x));
    rows.push_back(copy(x));
    rows.push_back(add(x));
  }
  rows.push_back(dropout(odd, 0));
  rows.push_back(fill({images, 3}));
  rows.push_back(copy({images, 3}));
  rows.push_back(add({images, 3}));
  for (int window = 1; window <= 3; ++window) {
    for (int stride = 1; stride <= 3; ++stride) rows.push_back(average_pool(odd, window, stride));
  }
  rows.push_back(average_pool({images, 3, 4, 4}, 4, 1));
  rows.push_back(linear(images, 7, 5));
  rows.push_back(linear(images, 1, 4));
  rows.push_back(linear(images, 6, 1));
  rows.push_back(cross_entropy(images, 5, 1));
  rows.push_back(cross_entropy(images, 4, 1000));
  rows.push_back(argmax(images, 5));
  for (const bool nesterov : {false, true}) {
    rows.push_back(sgd_step({images, 3, 2, 2}, {0.1, 0.9, 1e-2, nesterov}));
    rows.push_back(sgd_step({images}, {0.1, 0, 0, nesterov}));
    rows.push_back(sgd_step({images, 3}, {0.1, 0.9, 1e-2, nesterov, 4}));
  }
  rows.push_back(find_not_finite({images, 3, 2, 2}));
  for (const bool flip : {false, true}) {
    rows.push_back(augment(odd, {0, flip}, {3, 5}));
    rows.push_back(augment(odd, {2, flip}, {3, 6}));
    rows.push_back(augment(odd, {9, flip}, {3, 7}));  // some see nothing but black
  }
  return rows;
}

std::vector<Operation> large_operations() {
  if (few_cases()) return {};
  return {
      convolution({35, 20, 6, 6}, 36, 3, 3, 1, 1),   // uneven shares of the batch
      convolution({35, 20, 6, 6}, 36, 1, 1, 1, 0),   //
      convolution({3, 48, 16, 16}, 12, 3, 3, 1, 1),  // DenseNet's growth, padded to whole vectors
      convolution({2, 54, 16, 16}, 48, 1, 1, 1, 0),  // its bottleneck
      convolution({2, 3, 32, 32}, 24, 3, 3, 1, 1),   // its first layer
      convolution({7, 160, 4, 4}, 160, 3, 3, 1, 1),  // weights larger than the images
      convolution({2, 16, 9, 9}, 160, 1, 1, 2, 0),   // Wide ResNet's shortcut
      batch_norm_training({35, 40, 4, 4}, false),
      batch_norm_training({2, 3, 47, 33}, false),
      batch_norm_training({35, 40, 4, 4}, true),
      batch_norm_training({2, 3, 47, 33}, true),
      batch_norm_evaluation({35, 40, 4, 4}),
      batch_norm_evaluation({2, 3, 47, 33}),
      relu({3, 5, 63, 65}),
      dropout({3, 5, 63, 65}, 0.5),
      add({3, 5, 63, 65}),
      linear(67, 130, 35),
      convolution({67, 130, 4, 4}, 48, 1, 1, 1, 0),  // small images that are multiplied together
      convolution({67, 48, 4, 4}, 12, 3, 3, 1, 1),   //
      sgd_step({160, 160, 3, 3}, {0.05, 0.9, 5e-4, true}),
      augment({33, 3, 32, 32}, {4, true}, {1, 2}),
  };
}

bool has_square_kernel(const Operation& operation) {
  for (const Operand& operand : operation.operands) {
    if (operand.name == "w" && operand.shape.rank() == 4) {
      return operand.shape[2] == operand.shape[3];
    }
  }
  return true;
}

}  // namespace odin::test
