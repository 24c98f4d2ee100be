// oneDNN and our own vectorised kernels, in float.
#include "kernels/cpu/backend.h"

#include "kernels/checks.h"
#include "kernels/cpu/augment.h"
#include "kernels/cpu/average_pool.h"
#include "kernels/cpu/batch_norm.h"
#include "kernels/cpu/convolution.h"
#include "kernels/cpu/cross_entropy.h"
#include "kernels/cpu/dropout.h"
#include "kernels/cpu/elementwise.h"
#include "kernels/cpu/linear.h"
#include "kernels/cpu/onednn.h"
#include "kernels/cpu/perturb.h"
#include "kernels/cpu/plan/plan_executor.h"
#include "kernels/cpu/relu.h"
#include "kernels/cpu/sgd.h"
#include "kernels/host_backend.h"
#include "kernels/thread_pool.h"

namespace odin {
namespace {

constexpr DataType kType = DataType::kFloat32;

class CpuBackend final : public HostBackend {
 public:
  explicit CpuBackend(const cpu::PlanOptions& options)
      : pool_(options.threads), options_(options), convolutions_(pool_) {
    options_.threads = pool_.size();
  }

  std::string name() const override { return "cpu"; }
  DataType data_type() const override { return kType; }

  void fill(TensorView y, double value) override {
    check::fill(kType, y);
    cpu::fill(pool_, y, value);
  }

  void copy(ConstTensorView x, TensorView y) override {
    check::copy(kType, x, y);
    cpu::copy(pool_, x, y);
  }

  void add(ConstTensorView a, ConstTensorView b, TensorView y) override {
    check::add(kType, a, b, y);
    cpu::add(pool_, a, b, y);
  }

  void convolution_forward(const ConvolutionGeometry& geometry, ConstTensorView x,
                           ConstTensorView w, TensorView y) override {
    const auto sizes = check::convolution_forward(kType, geometry, x, w, y);
    cpu::with_onednn("convolve", [&] { convolutions_.forward(sizes, x, w, y); });
  }

  void convolution_backward_data(const ConvolutionGeometry& geometry, ConstTensorView dy,
                                 ConstTensorView w, TensorView dx) override {
    if (!wanted(dx)) return;
    const auto sizes = check::convolution_backward_data(kType, geometry, dy, w, dx);
    cpu::with_onednn("convolve backwards", [&] { convolutions_.backward_data(sizes, dy, w, dx); });
  }

  void convolution_backward_filter(const ConvolutionGeometry& geometry, ConstTensorView x,
                                   ConstTensorView dy, TensorView dw) override {
    if (!wanted(dw)) return;
    const auto sizes = check::convolution_backward_filter(kType, geometry, x, dy, dw);
    cpu::with_onednn("find the gradient of a convolution's weights",
                     [&] { convolutions_.backward_filter(sizes, x, dy, dw); });
  }

  void batch_norm_forward_training(ConstTensorView x, ConstTensorView gamma, ConstTensorView beta,
                                   double epsilon, double momentum, bool relu,
                                   TensorView running_mean, TensorView running_var, TensorView y,
                                   TensorView mean, TensorView inv_std) override {
    check::batch_norm_forward_training(kType, x, gamma, beta, epsilon, momentum, running_mean,
                                       running_var, y, mean, inv_std);
    cpu::batch_norm_forward_training(pool_, x, gamma, beta, epsilon, momentum, relu, running_mean,
                                     running_var, y, mean, inv_std);
  }

  void batch_norm_backward_training(ConstTensorView x, ConstTensorView dy, ConstTensorView gamma,
                                    ConstTensorView beta, ConstTensorView mean,
                                    ConstTensorView inv_std, bool relu, TensorView dx,
                                    TensorView dgamma, TensorView dbeta) override {
    check::batch_norm_backward_training(kType, x, dy, gamma, beta, mean, inv_std, dx, dgamma,
                                        dbeta);
    cpu::batch_norm_backward_training(pool_, x, dy, gamma, beta, mean, inv_std, relu, dx, dgamma,
                                      dbeta);
  }

  void batch_norm_forward_evaluation(ConstTensorView x, ConstTensorView gamma, ConstTensorView beta,
                                     ConstTensorView running_mean, ConstTensorView running_var,
                                     double epsilon, TensorView y) override {
    check::batch_norm_forward_evaluation(kType, x, gamma, beta, running_mean, running_var, epsilon,
                                         y);
    cpu::batch_norm_forward_evaluation(pool_, x, gamma, beta, running_mean, running_var, epsilon,
                                       y);
  }

  void batch_norm_backward_evaluation(ConstTensorView x, ConstTensorView dy, ConstTensorView gamma,
                                      ConstTensorView running_mean, ConstTensorView running_var,
                                      double epsilon, TensorView dx, TensorView dgamma,
                                      TensorView dbeta) override {
    check::batch_norm_backward_evaluation(kType, x, dy, gamma, running_mean, running_var, epsilon,
                                          dx, dgamma, dbeta);
    cpu::batch_norm_backward_evaluation(pool_, x, dy, gamma, running_mean, running_var, epsilon, dx,
                                        dgamma, dbeta);
  }

  void relu_forward(ConstTensorView x, TensorView y) override {
    check::relu_forward(kType, x, y);
    cpu::relu_forward(pool_, x, y);
  }

  void relu_backward(ConstTensorView y, ConstTensorView dy, TensorView dx) override {
    if (!wanted(dx)) return;
    check::relu_backward(kType, y, dy, dx);
    cpu::relu_backward(pool_, y, dy, dx);
  }

  void average_pool_forward(int window, int stride, ConstTensorView x, TensorView y) override {
    check::average_pool_forward(kType, window, stride, x, y);
    cpu::average_pool_forward(pool_, window, stride, x, y);
  }

  void average_pool_backward(int window, int stride, ConstTensorView dy, TensorView dx) override {
    if (!wanted(dx)) return;
    check::average_pool_backward(kType, window, stride, dy, dx);
    cpu::average_pool_backward(pool_, window, stride, dy, dx);
  }

  void linear_forward(ConstTensorView x, ConstTensorView w, ConstTensorView b,
                      TensorView y) override {
    check::linear_forward(kType, x, w, b, y);
    cpu::linear_forward(pool_, x, w, b, y);
  }

  void linear_backward(ConstTensorView x, ConstTensorView w, ConstTensorView dy, TensorView dx,
                       TensorView dw, TensorView db) override {
    check::linear_backward(kType, x, w, dy, dx, dw, db);
    cpu::linear_backward(pool_, x, w, dy, dx, dw, db);
  }

  void cross_entropy_forward(ConstTensorView logits, ConstTensorView labels, double temperature,
                             TensorView loss) override {
    check::cross_entropy_forward(kType, logits, labels, temperature, loss);
    check::label_range("cross_entropy_forward", labels, logits.shape()[1]);
    cpu::cross_entropy_forward(logits, labels, temperature, loss);
  }

  void cross_entropy_backward(ConstTensorView logits, ConstTensorView labels, double temperature,
                              double scale, TensorView dlogits) override {
    if (!wanted(dlogits)) return;
    check::cross_entropy_backward(kType, logits, labels, temperature, dlogits);
    check::label_range("cross_entropy_backward", labels, logits.shape()[1]);
    cpu::cross_entropy_backward(logits, labels, temperature, scale, dlogits);
  }

  void argmax(ConstTensorView logits, TensorView labels) override {
    check::argmax(kType, logits, labels);
    cpu::argmax(logits, labels);
  }

  void perturb(ConstTensorView x, ConstTensorView gradient, ConstTensorView step,
               TensorView y) override {
    check::perturb(kType, x, gradient, step, y);
    cpu::perturb(pool_, x, gradient, step, y);
  }

  void dropout_forward(double rate, RandomKey key, ConstTensorView x, TensorView y) override {
    check::dropout_forward(kType, rate, x, y);
    cpu::dropout_forward(pool_, rate, key, x, y);
  }

  void dropout_backward(double rate, RandomKey key, ConstTensorView dy, TensorView dx) override {
    if (!wanted(dx)) return;
    check::dropout_backward(kType, rate, dy, dx);
    cpu::dropout_backward(pool_, rate, key, dy, dx);
  }

  void sgd_step(const SgdSetting& setting, ConstTensorView gradient, TensorView w,
                TensorView velocity) override {
    check::sgd_step(kType, setting, gradient, w, velocity);
    cpu::sgd_step(pool_, setting, gradient, w, velocity);
  }

  void find_not_finite(ConstTensorView x, TensorView found) override {
    check::find_not_finite(kType, x, found);
    cpu::find_not_finite(x, found);
  }

  void augment(const Augmentation& augmentation, RandomKey key, ConstTensorView images,
               ConstTensorView indices, ConstTensorView mean, ConstTensorView std,
               TensorView y) override {
    check::augment(kType, augmentation, images, indices, mean, std, y);
    check::index_range("augment", indices, images.shape()[0]);
    cpu::augment(pool_, augmentation, key, images, indices, mean, std, y);
  }

  std::unique_ptr<PlanExecutor> prepare(const Plan& plan) override {
    return cpu::make_plan_executor(plan, options_);
  }

 private:
  ThreadPool pool_;
  cpu::PlanOptions options_;  // of evaluations
  cpu::Convolutions convolutions_;
};

}  // namespace

namespace cpu {

std::unique_ptr<Backend> make_backend(const PlanOptions& options) {
  return std::make_unique<CpuBackend>(options);
}

}  // namespace cpu

std::unique_ptr<Backend> make_cpu_backend(int threads) {
  return cpu::make_backend({.threads = threads});
}

}  // namespace odin
