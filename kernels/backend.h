// The one list of operations that layers are made of. It is implemented three times: reference/
// (plain loops in double, the definition), cpu/ and cuda/. A new operation is one declaration here,
// one definition in each, and one row in the gradient table of tests/kernels.
//
// Notation: x (N, C, H, W) is an activation, d<name> the gradient of the loss with respect to
// <name>. Every operand is a view and may be a channel slice of a wider buffer unless its comment
// says otherwise. N = 0 is legal and does nothing. Shapes that do not fit throw Error, as does an
// operand of a wrong type. All are of the backend's data_type(), but for what a comment says to be
// integers, and this: where activation_type() is another, narrower one, the activations and
// gradients of an operation may all be of that type (logits, images and the operands of linear may
// not), while weights, parameters, statistics and their gradients never are; and a convolution may
// read, and average pooling write, data_type() where its other activation is narrow. Sums are in
// float at least, whatever is stored.
//
// Every backward operation ADDS to the gradients it is given, so that an activation used twice
// collects both; whoever starts a backward pass clears them. A gradient view that is empty
// (default-constructed) is not wanted and not computed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "kernels/convolution.h"
#include "kernels/plan.h"
#include "kernels/tensor_view.h"

namespace odin {

// Extent of the result of sliding a window of `window` over `extent` elements; throws Error if none
// fits.
std::int64_t windowed_extent(std::int64_t extent, std::int64_t window, int stride, int padding);

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
  // The gradient given is that of so many times the loss.
  double loss_scale = 1;
};

// How a training image is varied (see Backend::augment).
struct Augmentation {
  int crop_padding = 0;  // pixels of black around the image, of which a random crop is taken
  bool flip = false;     // mirrored left to right with probability 1/2
  bool operator==(const Augmentation&) const = default;
};

class Backend {
 public:
  virtual ~Backend() = default;

  // "reference", "cpu", "cuda:0".
  virtual std::string name() const = 0;
  // Element type of parameters, images and logits, and where activation_type() is none other, of
  // every activation.
  virtual DataType data_type() const = 0;
  // How the activations inside a network should be stored.
  virtual DataType activation_type() const { return data_type(); }
  // Strides of a dense activation (N, C, H, W) in the layout of this device.
  virtual Strides activation_strides(const Shape& shape) const = 0;

  // --- memory ---------------------------------------------------------------------------------
  // `bytes` of zeroed device memory, aligned to 64 bytes; throws Error when there is not enough.
  virtual std::shared_ptr<void> allocate(std::size_t bytes) = 0;
  // Copies between host memory, row-major float64, and a view of any strides, converting the type.
  virtual void upload(const double* host, TensorView to) = 0;
  virtual void download(ConstTensorView from, double* host) = 0;

  // --- elementwise ----------------------------------------------------------------------------
  // y = value
  virtual void fill(TensorView y, double value) = 0;
  // y = x
  virtual void copy(ConstTensorView x, TensorView y) = 0;
  // y = a + b; y may be a or b
  virtual void add(ConstTensorView a, ConstTensorView b, TensorView y) = 0;

  // --- convolution (a cross-correlation, as everywhere in the field) ---------------------------
  // y[n,o,i,j] = sum over c,p,q of w[o,c,p,q] x[n,c, i stride + p - padding, j stride + q -
  // padding], x (N, C, H, W), zero outside; w (O, C, kh, kw) dense; y (N, O, H', W').
  virtual void convolution_forward(const ConvolutionGeometry& geometry, ConstTensorView x,
                                   ConstTensorView w, TensorView y) = 0;
  // dx += the transposed convolution of dy with w
  virtual void convolution_backward_data(const ConvolutionGeometry& geometry, ConstTensorView dy,
                                         ConstTensorView w, TensorView dx) = 0;
  // dw[o,c,p,q] += sum over n,i,j of dy[n,o,i,j] x[n,c, i stride + p - padding, ...]
  virtual void convolution_backward_filter(const ConvolutionGeometry& geometry, ConstTensorView x,
                                           ConstTensorView dy, TensorView dw) = 0;

  // --- batch norm (Ioffe & Szegedy 2015), over N, H and W of each channel ----------------------
  // Training: mean and (biased) variance of the batch, y = gamma (x - mean) inv_std + beta with
  // inv_std = 1 / sqrt(variance + epsilon). Writes mean and inv_std (C) for the backward pass and
  // moves running_mean and running_var (C) by `momentum` towards the batch's mean and UNBIASED
  // variance. With `relu` y is max(y, 0) in the same pass over memory. Throws Error when N H W < 2.
  virtual void batch_norm_forward_training(ConstTensorView x, ConstTensorView gamma,
                                           ConstTensorView beta, double epsilon, double momentum,
                                           bool relu, TensorView running_mean,
                                           TensorView running_var, TensorView y, TensorView mean,
                                           TensorView inv_std) = 0;
  // Through the batch's statistics: with m = N H W and x^ = (x - mean) inv_std,
  // dbeta += sum dy, dgamma += sum dy x^, dx += gamma inv_std (dy - sum dy / m - x^ sum(dy x^) /
  // m). With `relu`, dy counts as zero where gamma x^ + beta <= 0.
  virtual void batch_norm_backward_training(ConstTensorView x, ConstTensorView dy,
                                            ConstTensorView gamma, ConstTensorView beta,
                                            ConstTensorView mean, ConstTensorView inv_std,
                                            bool relu, TensorView dx, TensorView dgamma,
                                            TensorView dbeta) = 0;
  // Evaluation: y = gamma (x - running_mean) / sqrt(running_var + epsilon) + beta.
  virtual void batch_norm_forward_evaluation(ConstTensorView x, ConstTensorView gamma,
                                             ConstTensorView beta, ConstTensorView running_mean,
                                             ConstTensorView running_var, double epsilon,
                                             TensorView y) = 0;
  // The running statistics are constants: dx += gamma / sqrt(running_var + epsilon) dy, and dgamma,
  // dbeta as in training.
  virtual void batch_norm_backward_evaluation(ConstTensorView x, ConstTensorView dy,
                                              ConstTensorView gamma, ConstTensorView running_mean,
                                              ConstTensorView running_var, double epsilon,
                                              TensorView dx, TensorView dgamma,
                                              TensorView dbeta) = 0;

  // --- ReLU -----------------------------------------------------------------------------------
  // y = max(x, 0)
  virtual void relu_forward(ConstTensorView x, TensorView y) = 0;
  // dx += dy where y > 0
  virtual void relu_backward(ConstTensorView y, ConstTensorView dy, TensorView dx) = 0;

  // --- average pooling ------------------------------------------------------------------------
  // The mean over windows of `window` x `window` at distance `stride`, no padding; rows and columns
  // at the end that fill no window are left out. Global pooling is a window of H = W, stride 1.
  virtual void average_pool_forward(int window, int stride, ConstTensorView x, TensorView y) = 0;
  virtual void average_pool_backward(int window, int stride, ConstTensorView dy, TensorView dx) = 0;

  // --- linear ---------------------------------------------------------------------------------
  // y[n,k] = sum over d of w[k,d] x[n,d] + b[k]; x (N, D) with unit stride along D, w (K, D), b
  // (K), y (N, K).
  virtual void linear_forward(ConstTensorView x, ConstTensorView w, ConstTensorView b,
                              TensorView y) = 0;
  // dx += dy w; dw += dy^T x; db += sum over n of dy
  virtual void linear_backward(ConstTensorView x, ConstTensorView w, ConstTensorView dy,
                               TensorView dx, TensorView dw, TensorView db) = 0;

  // --- softmax, cross entropy and ODIN --------------------------------------------------------
  // loss[n] = -log softmax(logits[n] / temperature)[labels[n]]; logits (N, K), labels (N) int32 in
  // [0, K), loss (N). Throws Error for temperature <= 0 and, on the host, labels out of range.
  virtual void cross_entropy_forward(ConstTensorView logits, ConstTensorView labels,
                                     double temperature, TensorView loss) = 0;
  // dlogits[n,k] += scale (softmax(logits[n] / temperature)[k] - [k = labels[n]]) / temperature:
  // the gradient of scale times the sum of the losses.
  virtual void cross_entropy_backward(ConstTensorView logits, ConstTensorView labels,
                                      double temperature, double scale, TensorView dlogits) = 0;
  // labels[n] = the first k with the largest logits[n,k]
  virtual void argmax(ConstTensorView logits, TensorView labels) = 0;
  // y[n,c,i,j] = x[n,c,i,j] - step[c] s, s = +1 where gradient[n,c,i,j] >= 0 and else -1: ODIN's
  // input pre-processing (Liang et al. 2018, equation 2). step (C) is magnitude / std.
  virtual void perturb(ConstTensorView x, ConstTensorView gradient, ConstTensorView step,
                       TensorView y) = 0;

  // --- dropout (Srivastava et al. 2014, inverted) ----------------------------------------------
  // y = x kept / (1 - rate), kept where philox_uniform(key, e) >= rate and e is the element's index
  // in row-major (N, C, H, W) order, whatever the layout. 0 <= rate < 1.
  virtual void dropout_forward(double rate, RandomKey key, ConstTensorView x, TensorView y) = 0;
  // dx += dy kept / (1 - rate)
  virtual void dropout_backward(double rate, RandomKey key, ConstTensorView dy, TensorView dx) = 0;

  // --- training -------------------------------------------------------------------------------
  // g = gradient / loss_scale + weight_decay w, velocity = momentum velocity + g, w -= learning_rate
  // (nesterov ? g + momentum velocity : velocity): Sutskever et al. 2013 in the form that PyTorch
  // uses, in which the first velocity is the first g if it starts as zero. All dense, of one shape.
  virtual void sgd_step(const SgdSetting& setting, ConstTensorView gradient, TensorView w,
                        TensorView velocity) = 0;
  // found[0] = 1 where an element of x is infinite or not a number, else as it was; x dense, found
  // (1) int32.
  virtual void find_not_finite(ConstTensorView x, TensorView found) = 0;
  // y[n,c,i,j] = (v / 255 - mean[c]) / std[c], where v is the pixel (i + a, j' + b) of image
  // indices[n] of `images` (M, C, H, W) uint8, or 0 (black) outside of it; j' is j, or W - 1 - j
  // where the image is mirrored. The shifts a and b, uniform in [-crop_padding, crop_padding], and
  // the mirroring are drawn from words 4 n, 4 n + 1 and 4 n + 2 of `key`: the padded random crop
  // and flip of He et al. 2016, section 4.2. `images` is dense, row-major on every device; indices
  // (N) int32, on the host checked to lie in [0, M); mean, std (C); y (N, C, H, W).
  virtual void augment(const Augmentation& augmentation, RandomKey key, ConstTensorView images,
                       ConstTensorView indices, ConstTensorView mean, ConstTensorView std,
                       TensorView y) = 0;

  // --- evaluation -----------------------------------------------------------------------------
  // Makes a compiled network ready to run: packs weights, assigns memory, chooses kernels.
  virtual std::unique_ptr<PlanExecutor> prepare(const Plan& plan) = 0;
};

// Plain loops in double.
std::unique_ptr<Backend> make_reference_backend();
// oneDNN and our own kernels in float. `threads` = 0 takes all cores this process may use.
std::unique_ptr<Backend> make_cpu_backend(int threads = 0);

}  // namespace odin
