// Checks of the operands of every operation, shared by all back ends.
//
// Each function takes the operands of the operation of its name in kernels/backend.h, after the
// type that its activations must have (which for all but the narrow types is that of everything
// else), and throws Error, naming the operation and the types or shapes that do not fit.
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

#include "kernels/backend.h"
#include "kernels/tensor_view.h"

namespace odin {

// Whether a gradient is to be computed: a default-constructed view is not.
inline bool wanted(const ConstTensorView& gradient) {
  return gradient.raw() != nullptr;
}

// The sizes that the operands of a convolution agree on.
struct ConvolutionSizes {
  std::int64_t images = 0;
  std::int64_t in_channels = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t out_channels = 0;
  std::int64_t kernel_height = 0;
  std::int64_t kernel_width = 0;
  std::int64_t out_height = 0;
  std::int64_t out_width = 0;
  std::int64_t stride = 1;
  std::int64_t padding = 0;
  auto operator<=>(const ConvolutionSizes&) const = default;
};

namespace check {

using View = ConstTensorView;

void fill(DataType type, const View& y);
void copy(DataType type, const View& x, const View& y);
void add(DataType type, const View& a, const View& b, const View& y);

ConvolutionSizes convolution_forward(DataType type, const ConvolutionGeometry& geometry,
                                     const View& x, const View& w, const View& y);
ConvolutionSizes convolution_backward_data(DataType type, const ConvolutionGeometry& geometry,
                                           const View& dy, const View& w, const View& dx);
ConvolutionSizes convolution_backward_filter(DataType type, const ConvolutionGeometry& geometry,
                                             const View& x, const View& dy, const View& dw);

void batch_norm_forward_training(DataType type, const View& x, const View& gamma, const View& beta,
                                 double epsilon, double momentum, const View& running_mean,
                                 const View& running_var, const View& y, const View& mean,
                                 const View& inv_std);
void batch_norm_backward_training(DataType type, const View& x, const View& dy, const View& gamma,
                                  const View& beta, const View& mean, const View& inv_std,
                                  const View& dx, const View& dgamma, const View& dbeta);
void batch_norm_forward_evaluation(DataType type, const View& x, const View& gamma,
                                   const View& beta, const View& running_mean,
                                   const View& running_var, double epsilon, const View& y);
void batch_norm_backward_evaluation(DataType type, const View& x, const View& dy, const View& gamma,
                                    const View& running_mean, const View& running_var,
                                    double epsilon, const View& dx, const View& dgamma,
                                    const View& dbeta);

void relu_forward(DataType type, const View& x, const View& y);
void relu_backward(DataType type, const View& y, const View& dy, const View& dx);

void average_pool_forward(DataType type, int window, int stride, const View& x, const View& y);
void average_pool_backward(DataType type, int window, int stride, const View& dy, const View& dx);

void linear_forward(DataType type, const View& x, const View& w, const View& b, const View& y);
void linear_backward(DataType type, const View& x, const View& w, const View& dy, const View& dx,
                     const View& dw, const View& db);

void cross_entropy_forward(DataType type, const View& logits, const View& labels,
                           double temperature, const View& loss);
void cross_entropy_backward(DataType type, const View& logits, const View& labels,
                            double temperature, const View& dlogits);
// Where the labels lie in host memory: that all are in [0, classes).
void label_range(std::string_view operation, const View& labels, std::int64_t classes);
void argmax(DataType type, const View& logits, const View& labels);

void perturb(DataType type, const View& x, const View& gradient, const View& step, const View& y);

void dropout_forward(DataType type, double rate, const View& x, const View& y);
void dropout_backward(DataType type, double rate, const View& dy, const View& dx);

void sgd_step(DataType type, const SgdSetting& setting, const View& gradient, const View& w,
              const View& velocity);
void find_not_finite(DataType type, const View& x, const View& found);
void augment(DataType type, const Augmentation& augmentation, const View& images,
             const View& indices, const View& mean, const View& std, const View& y);
// Where the indices lie in host memory: that all are in [0, images).
void index_range(std::string_view operation, const View& indices, std::int64_t images);

}  // namespace check
}  // namespace odin
