// Plain loops in double: what every operation means.
#include "kernels/backend.h"

#include "kernels/checks.h"
#include "kernels/host_backend.h"
#include "kernels/reference/augment.h"
#include "kernels/reference/average_pool.h"
#include "kernels/reference/batch_norm.h"
#include "kernels/reference/convolution.h"
#include "kernels/reference/cross_entropy.h"
#include "kernels/reference/dropout.h"
#include "kernels/reference/elementwise.h"
#include "kernels/reference/linear.h"
#include "kernels/reference/perturb.h"
#include "kernels/reference/plan_executor.h"
#include "kernels/reference/relu.h"
#include "kernels/reference/sgd.h"

namespace odin {
namespace {

constexpr DataType kType = DataType::kFloat64;

class ReferenceBackend final : public HostBackend {
 public:
  std::string name() const override { return "reference"; }
  DataType data_type() const override { return kType; }

  void fill(TensorView y, double value) override {
    check::fill(kType, y);
    reference::fill(y, value);
  }

  void copy(ConstTensorView x, TensorView y) override {
    check::copy(kType, x, y);
    reference::copy(x, y);
  }

  void add(ConstTensorView a, ConstTensorView b, TensorView y) override {
    check::add(kType, a, b, y);
    reference::add(a, b, y);
  }

  void convolution_forward(const ConvolutionGeometry& geometry, ConstTensorView x,
                           ConstTensorView w, TensorView y) override {
    reference::convolution_forward(check::convolution_forward(kType, geometry, x, w, y), x, w, y);
  }

  void convolution_backward_data(const ConvolutionGeometry& geometry, ConstTensorView dy,
                                 ConstTensorView w, TensorView dx) override {
    if (!wanted(dx)) return;
    reference::convolution_backward_data(
        check::convolution_backward_data(kType, geometry, dy, w, dx), dy, w, dx);
  }

  void convolution_backward_filter(const ConvolutionGeometry& geometry, ConstTensorView x,
                                   ConstTensorView dy, TensorView dw) override {
    if (!wanted(dw)) return;
    reference::convolution_backward_filter(
        check::convolution_backward_filter(kType, geometry, x, dy, dw), x, dy, dw);
  }

  void batch_norm_forward_training(ConstTensorView x, ConstTensorView gamma, ConstTensorView beta,
                                   double epsilon, double momentum, bool relu,
                                   TensorView running_mean, TensorView running_var, TensorView y,
                                   TensorView mean, TensorView inv_std) override {
    check::batch_norm_forward_training(kType, x, gamma, beta, epsilon, momentum, running_mean,
                                       running_var, y, mean, inv_std);
    reference::batch_norm_forward_training(x, gamma, beta, epsilon, momentum, relu, running_mean,
                                           running_var, y, mean, inv_std);
  }

  void batch_norm_backward_training(ConstTensorView x, ConstTensorView dy, ConstTensorView gamma,
                                    ConstTensorView beta, ConstTensorView mean,
                                    ConstTensorView inv_std, bool relu, TensorView dx,
                                    TensorView dgamma, TensorView dbeta) override {
    check::batch_norm_backward_training(kType, x, dy, gamma, beta, mean, inv_std, dx, dgamma,
                                        dbeta);
    reference::batch_norm_backward_training(x, dy, gamma, beta, mean, inv_std, relu, dx, dgamma,
                                            dbeta);
  }

  void batch_norm_forward_evaluation(ConstTensorView x, ConstTensorView gamma, ConstTensorView beta,
                                     ConstTensorView running_mean, ConstTensorView running_var,
                                     double epsilon, TensorView y) override {
    check::batch_norm_forward_evaluation(kType, x, gamma, beta, running_mean, running_var, epsilon,
                                         y);
    reference::batch_norm_forward_evaluation(x, gamma, beta, running_mean, running_var, epsilon, y);
  }

  void batch_norm_backward_evaluation(ConstTensorView x, ConstTensorView dy, ConstTensorView gamma,
                                      ConstTensorView running_mean, ConstTensorView running_var,
                                      double epsilon, TensorView dx, TensorView dgamma,
                                      TensorView dbeta) override {
    check::batch_norm_backward_evaluation(kType, x, dy, gamma, running_mean, running_var, epsilon,
                                          dx, dgamma, dbeta);
    reference::batch_norm_backward_evaluation(x, dy, gamma, running_mean, running_var, epsilon, dx,
                                              dgamma, dbeta);
  }

  void relu_forward(ConstTensorView x, TensorView y) override {
    check::relu_forward(kType, x, y);
    reference::relu_forward(x, y);
  }

  void relu_backward(ConstTensorView y, ConstTensorView dy, TensorView dx) override {
    if (!wanted(dx)) return;
    check::relu_backward(kType, y, dy, dx);
    reference::relu_backward(y, dy, dx);
  }

  void average_pool_forward(int window, int stride, ConstTensorView x, TensorView y) override {
    check::average_pool_forward(kType, window, stride, x, y);
    reference::average_pool_forward(window, stride, x, y);
  }

  void average_pool_backward(int window, int stride, ConstTensorView dy, TensorView dx) override {
    if (!wanted(dx)) return;
    check::average_pool_backward(kType, window, stride, dy, dx);
    reference::average_pool_backward(window, stride, dy, dx);
  }

  void linear_forward(ConstTensorView x, ConstTensorView w, ConstTensorView b,
                      TensorView y) override {
    check::linear_forward(kType, x, w, b, y);
    reference::linear_forward(x, w, b, y);
  }

  void linear_backward(ConstTensorView x, ConstTensorView w, ConstTensorView dy, TensorView dx,
                       TensorView dw, TensorView db) override {
    check::linear_backward(kType, x, w, dy, dx, dw, db);
    reference::linear_backward(x, w, dy, dx, dw, db);
  }

  void cross_entropy_forward(ConstTensorView logits, ConstTensorView labels, double temperature,
                             TensorView loss) override {
    check::cross_entropy_forward(kType, logits, labels, temperature, loss);
    check::label_range("cross_entropy_forward", labels, logits.shape()[1]);
    reference::cross_entropy_forward(logits, labels, temperature, loss);
  }

  void cross_entropy_backward(ConstTensorView logits, ConstTensorView labels, double temperature,
                              double scale, TensorView dlogits) override {
    if (!wanted(dlogits)) return;
    check::cross_entropy_backward(kType, logits, labels, temperature, dlogits);
    check::label_range("cross_entropy_backward", labels, logits.shape()[1]);
    reference::cross_entropy_backward(logits, labels, temperature, scale, dlogits);
  }

  void argmax(ConstTensorView logits, TensorView labels) override {
    check::argmax(kType, logits, labels);
    reference::argmax(logits, labels);
  }

  void perturb(ConstTensorView x, ConstTensorView gradient, ConstTensorView step,
               TensorView y) override {
    check::perturb(kType, x, gradient, step, y);
    reference::perturb(x, gradient, step, y);
  }

  void dropout_forward(double rate, RandomKey key, ConstTensorView x, TensorView y) override {
    check::dropout_forward(kType, rate, x, y);
    reference::dropout_forward(rate, key, x, y);
  }

  void dropout_backward(double rate, RandomKey key, ConstTensorView dy, TensorView dx) override {
    if (!wanted(dx)) return;
    check::dropout_backward(kType, rate, dy, dx);
    reference::dropout_backward(rate, key, dy, dx);
  }

  void sgd_step(const SgdSetting& setting, ConstTensorView gradient, TensorView w,
                TensorView velocity) override {
    check::sgd_step(kType, setting, gradient, w, velocity);
    reference::sgd_step(setting, gradient, w, velocity);
  }

  void find_not_finite(ConstTensorView x, TensorView found) override {
    check::find_not_finite(kType, x, found);
    reference::find_not_finite(x, found);
  }

  void augment(const Augmentation& augmentation, RandomKey key, ConstTensorView images,
               ConstTensorView indices, ConstTensorView mean, ConstTensorView std,
               TensorView y) override {
    check::augment(kType, augmentation, images, indices, mean, std, y);
    check::index_range("augment", indices, images.shape()[0]);
    reference::augment(augmentation, key, images, indices, mean, std, y);
  }

  std::unique_ptr<PlanExecutor> prepare(const Plan& plan) override {
    return reference::make_plan_executor(plan);
  }
};

}  // namespace

std::unique_ptr<Backend> make_reference_backend() {
  return std::make_unique<ReferenceBackend>();
}

}  // namespace odin
