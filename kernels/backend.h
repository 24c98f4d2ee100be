// The one list of operations that layers are made of.
//
// Each operation is one public function of Backend. Its comment gives its mathematics and its
// contract. The function checks its operands, returns early if there is nothing to do, and then
// calls the device's definition. The checks are in contracts/, the definitions in reference/
// (plain loops in double), cpu/ and cuda/, each in a file named after the operation.
//
// Notation: x (N, C, H, W) is an activation; d<name> is the gradient of the loss with respect to
// <name>.
//
// What holds for every operation, unless its comment says otherwise:
// - Every operand is a view and may be a channel slice of a wider buffer.
// - An operand of the wrong shape or type throws Error.
// - N = 0 is legal and does nothing.
// - A backward operation ADDS to the gradients it is given, so that an activation used twice
//   collects both. Whoever starts a backward pass clears them.
// - A gradient view that is empty (default-constructed) is not wanted and not computed.
// - Sums are computed in float or double, whatever type is stored.
//
// Types: all operands have the type data_type(), except those that a comment calls integers. If
// activation_type() is a narrower type, then the activations and gradients of an operation may all
// have that type. Logits, images and the operands of linear may not; weights, parameters,
// statistics and their gradients never do. A convolution may read data_type() and average pooling
// may write it when its other activation is narrow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "kernels/convolution_sizes.h"
#include "kernels/plan.h"
#include "kernels/tensor_view.h"

namespace odin {

class FusedTraining;  // kernels/fused_training.h

// A key of the random-number generator (kernels/philox.h): results depend on nothing else.
struct RandomKey {
  std::uint64_t seed = 0;
  std::uint64_t stream = 0;  // e.g. the step of training times the number of dropout layers
};

// One step of stochastic gradient descent (see Backend::sgd_step).
struct SgdSetting {
  double learning_rate = 0.1;
  double momentum = 0.9;
  double weight_decay = 0;
  bool nesterov = false;
  double loss_scale = 1;  // the given gradient is that of the loss times this factor
};

// How a training image is varied (see Backend::augment).
struct Augmentation {
  int crop_padding = 0;  // black pixels around the image before the random crop
  bool flip = false;     // mirrored left to right with probability 1/2
  bool operator==(const Augmentation&) const = default;
};

// Whether a gradient should be computed: a default-constructed view is not wanted.
inline bool wanted(const ConstTensorView& gradient) {
  return gradient.raw() != nullptr;
}

// The operations as each device defines them: do_NAME has the signature of NAME. The operands are
// checked, not empty, and at least one gradient is wanted. This is a macro because Backend and its
// three devices all declare the whole list: a new operation is added here and in no device's class.
#define ODIN_DEVICE_OPERATIONS(specifier)                                                          \
  virtual void do_fill(TensorView y, double value) specifier;                                      \
  virtual void do_copy(ConstTensorView x, TensorView y) specifier;                                 \
  virtual void do_add(ConstTensorView a, ConstTensorView b, TensorView y) specifier;               \
  virtual void do_convolution_forward(const ConvolutionGeometry& geometry, ConstTensorView x,      \
                                      ConstTensorView w, TensorView y) specifier;                  \
  virtual void do_convolution_backward_data(const ConvolutionGeometry& geometry,                   \
                                            ConstTensorView dy, ConstTensorView w, TensorView dx)  \
      specifier;                                                                                   \
  virtual void do_convolution_backward_filter(                                                     \
      const ConvolutionGeometry& geometry, ConstTensorView x, ConstTensorView dy, TensorView dw)   \
      specifier;                                                                                   \
  virtual void do_batch_norm_forward_training(                                                     \
      ConstTensorView x, ConstTensorView gamma, ConstTensorView beta, double epsilon,              \
      double momentum, bool relu, TensorView running_mean, TensorView running_var, TensorView y,   \
      TensorView mean, TensorView inv_std) specifier;                                              \
  virtual void do_batch_norm_backward_training(                                                    \
      ConstTensorView x, ConstTensorView dy, ConstTensorView gamma, ConstTensorView beta,          \
      ConstTensorView mean, ConstTensorView inv_std, bool relu, TensorView dx, TensorView dgamma,  \
      TensorView dbeta) specifier;                                                                 \
  virtual void do_batch_norm_forward_evaluation(                                                   \
      ConstTensorView x, ConstTensorView gamma, ConstTensorView beta,                              \
      ConstTensorView running_mean, ConstTensorView running_var, double epsilon, TensorView y)     \
      specifier;                                                                                   \
  virtual void do_batch_norm_backward_evaluation(                                                  \
      ConstTensorView x, ConstTensorView dy, ConstTensorView gamma, ConstTensorView running_mean,  \
      ConstTensorView running_var, double epsilon, TensorView dx, TensorView dgamma,               \
      TensorView dbeta) specifier;                                                                 \
  virtual void do_relu_forward(ConstTensorView x, TensorView y) specifier;                         \
  virtual void do_relu_backward(ConstTensorView y, ConstTensorView dy, TensorView dx) specifier;   \
  virtual void do_average_pool_forward(int window, int stride, ConstTensorView x, TensorView y)    \
      specifier;                                                                                   \
  virtual void do_average_pool_backward(int window, int stride, ConstTensorView dy, TensorView dx) \
      specifier;                                                                                   \
  virtual void do_linear_forward(ConstTensorView x, ConstTensorView w, ConstTensorView b,          \
                                 TensorView y) specifier;                                          \
  virtual void do_linear_backward(ConstTensorView x, ConstTensorView w, ConstTensorView dy,        \
                                  TensorView dx, TensorView dw, TensorView db) specifier;          \
  virtual void do_cross_entropy_forward(ConstTensorView logits, ConstTensorView labels,            \
                                        double temperature, TensorView loss) specifier;            \
  virtual void do_cross_entropy_backward(ConstTensorView logits, ConstTensorView labels,           \
                                         double temperature, double scale, TensorView dlogits)     \
      specifier;                                                                                   \
  virtual void do_argmax(ConstTensorView logits, TensorView labels) specifier;                     \
  virtual void do_perturb(ConstTensorView x, ConstTensorView gradient, ConstTensorView step,       \
                          TensorView y) specifier;                                                 \
  virtual void do_dropout_forward(double rate, RandomKey key, ConstTensorView x, TensorView y)     \
      specifier;                                                                                   \
  virtual void do_dropout_backward(double rate, RandomKey key, ConstTensorView dy, TensorView dx)  \
      specifier;                                                                                   \
  virtual void do_sgd_step(const SgdSetting& setting, ConstTensorView gradient, TensorView w,      \
                           TensorView velocity) specifier;                                         \
  virtual void do_find_not_finite(ConstTensorView x, TensorView found) specifier;                  \
  virtual void do_augment(const Augmentation& augmentation, RandomKey key, ConstTensorView images, \
                          ConstTensorView indices, ConstTensorView mean, ConstTensorView std,      \
                          TensorView y) specifier;

class Backend {
 public:
  virtual ~Backend() = default;

  // "reference", "cpu", "cuda:0".
  virtual std::string name() const = 0;
  // Element type of parameters, images and logits, and of every activation unless
  // activation_type() is another type.
  virtual DataType data_type() const = 0;
  // How the activations inside a network should be stored.
  virtual DataType activation_type() const { return data_type(); }
  // Strides of a dense activation (N, C, H, W) in the layout of this device.
  virtual Strides activation_strides(const Shape& shape) const = 0;

  // --- memory ---------------------------------------------------------------------------------
  // `bytes` of zeroed device memory, aligned to 64 bytes; throws Error if there is not enough.
  virtual std::shared_ptr<void> allocate(std::size_t bytes) = 0;
  // Copies between host memory, row-major float64, and a view of any strides, converting the type.
  // Throws Error for a value that an integer type cannot hold.
  virtual void upload(const double* host, TensorView to) = 0;
  virtual void download(ConstTensorView from, double* host) = 0;

  // --- elementwise ----------------------------------------------------------------------------
  // y = value
  void fill(TensorView y, double value);
  // y = x
  void copy(ConstTensorView x, TensorView y);
  // y = a + b; y may be a or b
  void add(ConstTensorView a, ConstTensorView b, TensorView y);

  // --- convolution (a cross-correlation, as everywhere in the field) ---------------------------
  // y[n,o,i,j] = sum over c,p,q of w[o,c,p,q] x[n,c, i stride + p - padding, j stride + q -
  // padding], x (N, C, H, W), zero outside; w (O, C, kh, kw) dense; y (N, O, H', W').
  void convolution_forward(const ConvolutionGeometry& geometry, ConstTensorView x,
                           ConstTensorView w, TensorView y);
  // dx += the transposed convolution of dy with w
  void convolution_backward_data(const ConvolutionGeometry& geometry, ConstTensorView dy,
                                 ConstTensorView w, TensorView dx);
  // dw[o,c,p,q] += sum over n,i,j of dy[n,o,i,j] x[n,c, i stride + p - padding, ...]
  void convolution_backward_filter(const ConvolutionGeometry& geometry, ConstTensorView x,
                                   ConstTensorView dy, TensorView dw);

  // --- batch norm (Ioffe & Szegedy 2015), over N, H and W of each channel ----------------------
  // Training: mean and (biased) variance of the batch, y = gamma (x - mean) inv_std + beta with
  // inv_std = 1 / sqrt(variance + epsilon). Writes mean and inv_std (C) for the backward pass and
  // moves running_mean and running_var (C) by `momentum` towards the batch's mean and UNBIASED
  // variance. With `relu` y is max(y, 0) in the same pass over memory. Throws Error if N H W < 2.
  void batch_norm_forward_training(ConstTensorView x, ConstTensorView gamma, ConstTensorView beta,
                                   double epsilon, double momentum, bool relu,
                                   TensorView running_mean, TensorView running_var, TensorView y,
                                   TensorView mean, TensorView inv_std);
  // Through the batch's statistics: with m = N H W and x^ = (x - mean) inv_std,
  // dbeta += sum dy, dgamma += sum dy x^, dx += gamma inv_std (dy - sum dy / m - x^ sum(dy x^) /
  // m). With `relu`, dy counts as zero where gamma x^ + beta <= 0. Throws Error if N H W < 2.
  void batch_norm_backward_training(ConstTensorView x, ConstTensorView dy, ConstTensorView gamma,
                                    ConstTensorView beta, ConstTensorView mean,
                                    ConstTensorView inv_std, bool relu, TensorView dx,
                                    TensorView dgamma, TensorView dbeta);
  // Evaluation: y = gamma (x - running_mean) / sqrt(running_var + epsilon) + beta.
  void batch_norm_forward_evaluation(ConstTensorView x, ConstTensorView gamma, ConstTensorView beta,
                                     ConstTensorView running_mean, ConstTensorView running_var,
                                     double epsilon, TensorView y);
  // The running statistics are constants: dx += gamma / sqrt(running_var + epsilon) dy, and dgamma,
  // dbeta as in training.
  void batch_norm_backward_evaluation(ConstTensorView x, ConstTensorView dy, ConstTensorView gamma,
                                      ConstTensorView running_mean, ConstTensorView running_var,
                                      double epsilon, TensorView dx, TensorView dgamma,
                                      TensorView dbeta);

  // --- ReLU -----------------------------------------------------------------------------------
  // y = max(x, 0); NaN stays NaN; y may be x
  void relu_forward(ConstTensorView x, TensorView y);
  // dx += dy where y > 0
  void relu_backward(ConstTensorView y, ConstTensorView dy, TensorView dx);

  // --- average pooling ------------------------------------------------------------------------
  // The mean over windows of `window` x `window` at distance `stride`, without padding. Rows and
  // columns at the end that fill no window are ignored. Global pooling is a window of H = W,
  // stride 1.
  void average_pool_forward(int window, int stride, ConstTensorView x, TensorView y);
  // dx += dy / window^2 for every window that a pixel is in
  void average_pool_backward(int window, int stride, ConstTensorView dy, TensorView dx);

  // --- linear ---------------------------------------------------------------------------------
  // y[n,k] = sum over d of w[k,d] x[n,d] + b[k]; x (N, D) with unit stride along D, w (K, D), b
  // (K), y (N, K).
  void linear_forward(ConstTensorView x, ConstTensorView w, ConstTensorView b, TensorView y);
  // dx += dy w; dw += dy^T x; db += sum over n of dy
  void linear_backward(ConstTensorView x, ConstTensorView w, ConstTensorView dy, TensorView dx,
                       TensorView dw, TensorView db);

  // --- softmax, cross entropy and ODIN --------------------------------------------------------
  // loss[n] = -log softmax(logits[n] / temperature)[labels[n]]; logits (N, K), labels (N) int32 in
  // [0, K), loss (N). Throws Error for temperature <= 0 and, on a host device, for labels out of
  // range.
  void cross_entropy_forward(ConstTensorView logits, ConstTensorView labels, double temperature,
                             TensorView loss);
  // dlogits[n,k] += scale (softmax(logits[n] / temperature)[k] - [k = labels[n]]) / temperature:
  // the gradient of scale times the sum of the losses.
  void cross_entropy_backward(ConstTensorView logits, ConstTensorView labels, double temperature,
                              double scale, TensorView dlogits);
  // labels[n] = the first k with the largest logits[n,k]
  void argmax(ConstTensorView logits, TensorView labels);
  // y[n,c,i,j] = x[n,c,i,j] - step[c] s, s = +1 where gradient[n,c,i,j] >= 0 and else -1: ODIN's
  // input pre-processing (Liang et al. 2018, equation 2). step (C) is magnitude / std.
  void perturb(ConstTensorView x, ConstTensorView gradient, ConstTensorView step, TensorView y);

  // --- dropout (Srivastava et al. 2014, inverted) ----------------------------------------------
  // y = x kept / (1 - rate), kept where philox_uniform(key, e) >= rate and e is the element's index
  // in row-major (N, C, H, W) order, whatever the layout. 0 <= rate < 1.
  void dropout_forward(double rate, RandomKey key, ConstTensorView x, TensorView y);
  // dx += dy kept / (1 - rate)
  void dropout_backward(double rate, RandomKey key, ConstTensorView dy, TensorView dx);

  // --- training -------------------------------------------------------------------------------
  // g = gradient / loss_scale + weight_decay w, velocity = momentum velocity + g,
  // w -= learning_rate (nesterov ? g + momentum velocity : velocity): Sutskever et al. 2013 in
  // PyTorch's form, in which a velocity that starts as zero becomes the first g. All dense, of one
  // shape.
  void sgd_step(const SgdSetting& setting, ConstTensorView gradient, TensorView w,
                TensorView velocity);
  // found[0] = 1 if an element of x is infinite or not a number, else unchanged; x dense, found (1)
  // int32.
  void find_not_finite(ConstTensorView x, TensorView found);
  // y[n,c,i,j] = (v / 255 - mean[c]) / std[c], where v is the pixel (i + a, j' + b) of image
  // indices[n] of `images` (M, C, H, W) uint8, or 0 (black) outside of it; j' is j, or W - 1 - j
  // where the image is mirrored. The shifts a and b, uniform in [-crop_padding, crop_padding], and
  // the mirroring are drawn from words 4 n, 4 n + 1 and 4 n + 2 of `key`: the padded random crop
  // and flip of He et al. 2016, section 4.2. `images` is dense and row-major on every device;
  // indices (N) int32 in [0, M), checked on a host device; mean, std (C); y (N, C, H, W).
  void augment(const Augmentation& augmentation, RandomKey key, ConstTensorView images,
               ConstTensorView indices, ConstTensorView mean, ConstTensorView std, TensorView y);

  // --- evaluation -----------------------------------------------------------------------------
  // Makes a compiled network ready to run: packs weights, assigns memory, chooses kernels.
  virtual std::unique_ptr<PlanExecutor> prepare(const Plan& plan) = 0;

  // --- training in fewer passes ---------------------------------------------------------------
  // Null if the device has no such steps; it then trains by the operations above.
  virtual FusedTraining* fused_training() { return nullptr; }

 private:
  ODIN_DEVICE_OPERATIONS(= 0)

  // Whether tensors are in host memory, so that the contracts can check labels and indices.
  virtual bool is_host() const { return false; }
  // The type that the activations of an operation must have, judged by one of them.
  DataType type_of(const ConstTensorView& activation) const {
    return activation.type() == activation_type() ? activation_type() : data_type();
  }
};

// Plain loops in double.
std::unique_ptr<Backend> make_reference_backend();
// oneDNN and our own kernels in float. `threads` = 0 takes all cores that this process may use.
std::unique_ptr<Backend> make_cpu_backend(int threads = 0);

}  // namespace odin
