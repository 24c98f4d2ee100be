// The operations' kernels, on views of device memory.
//
// CudaBackend calls them with the operands of kernels/backend.h. The plan (plan/) and the library
// convolutions (library/) call some of them directly, and so do the tests of single kernels. Each
// is defined in the file of its operation.
//
// All pointers are to device memory. The operands of one call have one element type unless the
// comment says otherwise. Work is queued on `stream` and nothing waits for it. An empty operand (N
// = 0) is nothing to do. Operands whose shapes differ throw Error, and so does a launch that CUDA
// refuses.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cuda/runtime/view.h"
#include "kernels/odin_objective.h"

namespace odin {
struct RandomKey;   // kernels/backend.h
struct SgdSetting;  // kernels/backend.h
}  // namespace odin

namespace odin::cuda {

// --- elementwise.cu -----------------------------------------------------------------------------
// y = value
void fill(View y, float value, Stream stream);
// y = x, element types may differ (rounded to nearest, even)
void copy(ConstView x, View y, Stream stream);
// y = a + b; y may be a or b
void add(ConstView a, ConstView b, View y, Stream stream);
// Fused batch norm and ReLU of evaluation: y = affine(x); y may be x. The factors of both are
// aligned to 16 bytes.
void affine_forward(Affine affine, ConstView x, View y, Stream stream);
// dx += scale dy, only where scale x + shift > 0 if affine.relu; recomputed from x, so that nothing
// but x is kept. With the identity and relu, x may as well be the activation after the ReLU.
void affine_backward(Affine affine, ConstView x, ConstView dy, View dx, Stream stream);

// --- conv/layout.cu: between row-major (N, C, H, W), as in host memory and in files, and NHWC ----
// to[n, h, w, c] = from[((n C + c) H + h) W + w]; from is dense, float; to of any element type
void from_nchw(const float* from, View to, Stream stream);
// The reverse.
void to_nchw(ConstView from, float* to, Stream stream);

// --- batch_norm.cu ------------------------------------------------------------------------------
struct BatchNormParameters {
  const float* gamma = nullptr;
  const float* beta = nullptr;
};

// What normalises, one float per channel: x^ = (x - mean) inv_std.
struct BatchNormStatistics {
  const float* mean = nullptr;
  const float* inv_std = nullptr;   // of the batch; or, if nullptr,
  const float* variance = nullptr;  // inv_std = 1 / sqrt(variance + epsilon), constants
  float epsilon = 0;
};

// Bytes of device memory that the functions below need as `workspace`, aligned to 16, for
// activations of `pixels` (N H W) pixels.
std::size_t batch_norm_workspace(std::int64_t pixels, int channels);
// Mean and biased variance of each channel over the m = N H W pixels: writes mean and
// inv_std = 1 / sqrt(variance + epsilon), and moves running_mean and running_var by `momentum`
// towards the mean and the UNBIASED variance. Throws Error if m < 2. The variance is the sum of
// squared distances from the mean (merged in pairs, Chan et al. 1979), not a difference of squares.
// Sums are taken in a fixed order: the same batch gives the same bits every time.
void batch_norm_statistics(ConstView x, double epsilon, double momentum, float* running_mean,
                           float* running_var, float* mean, float* inv_std, void* workspace,
                           Stream stream);
// y = gamma x^ + beta, then max(y, 0) if `relu`; y may be x.
void batch_norm(ConstView x, BatchNormParameters parameters, BatchNormStatistics statistics,
                bool relu, View y, Stream stream);
// With dy taken as zero where `relu` and gamma x^ + beta <= 0:
// dbeta += sum dy, dgamma += sum dy x^,
// dx += gamma inv_std (dy - sum dy / m - x^ sum(dy x^) / m) through the statistics of the batch,
// dx += gamma inv_std dy through constants.
// dx, dgamma and dbeta may each be empty (nullptr): not wanted. beta is read only if `relu`.
void batch_norm_gradient(ConstView x, ConstView dy, BatchNormParameters parameters,
                         BatchNormStatistics statistics, bool relu, View dx, float* dgamma,
                         float* dbeta, void* workspace, Stream stream);

// --- relu.cu ------------------------------------------------------------------------------------
// y = max(x, 0)
void relu_forward(ConstView x, View y, Stream stream);
// dx += dy where y > 0
void relu_backward(ConstView y, ConstView dy, View dx, Stream stream);

// --- average_pool.cu ----------------------------------------------------------------------------
// y[n,c,i,j] = mean of affine(x) over the window x window pixels from (i stride, j stride); rows
// and columns at the end that fill no window are ignored. Global pooling is a window of H = W.
// y has the element type of x or is float.
void average_pool_forward(int window, int stride, Affine affine, ConstView x, View y,
                          Stream stream);
// dx += the gradient: dy / window^2 from every window that a pixel is in, times scale, and only
// where scale x + shift > 0 if affine.relu. x is needed only then; else it may be empty. x and dx
// have one element type, dy has the same or float.
void average_pool_backward(int window, int stride, Affine affine, ConstView x, ConstView dy,
                           View dx, Stream stream);

// --- linear.cu ----------------------------------------------------------------------------------
// y[n,k] = sum over d of w[k,d] x[n,d] + b[k]. x (N, D) of any element type; w (K, D) and b (K)
// dense float; y (N, K) float. b may be nullptr for none.
void linear_forward(ConstView x, const float* w, const float* b, View y, Stream stream);
// dx[n,d] += sum over k of dy[n,k] w[k,d]; dy float, dx of any element type
void linear_backward_data(ConstView dy, const float* w, View dx, Stream stream);
// dw[k,d] += sum over n of dy[n,k] x[n,d]; db[k] += sum over n of dy[n,k]. x and dy float. Either
// of dw and db may be nullptr.
void linear_backward_weights(ConstView x, ConstView dy, float* dw, float* db, Stream stream);

// --- cross_entropy.cu: logits (N, K), always float, K innermost, at most a few thousand classes --
// loss[n] = -log softmax(logits[n] / temperature)[labels[n]]; labels (N) in [0, K), unchecked.
void cross_entropy_forward(ConstView logits, const std::int32_t* labels, double temperature,
                           float* loss, Stream stream);
// dlogits[n,k] += scale (softmax(logits[n] / temperature)[k] - [k = labels[n]]) / temperature
void cross_entropy_backward(ConstView logits, const std::int32_t* labels, double temperature,
                            double scale, View dlogits, Stream stream);
// labels[n] = the first k with the largest logits[n,k]
void argmax(ConstView logits, std::int32_t* labels, Stream stream);
// The gradient of ODIN's objective in one launch: dlogits = (not +=) it, every row multiplied so
// that its largest magnitude is `scale`. (Only its sign is used, and half precision would lose that
// of the cross entropy of a confident network.) A cross entropy's row whose other classes all
// underflow, even in double, is zero.
void objective_gradient(ConstView logits, OdinObjective objective, double temperature, double scale,
                        View dlogits, Stream stream);

// --- perturb.cu ---------------------------------------------------------------------------------
// y[n,c,i,j] = x[n,c,i,j] - step[c] s, s = +1 where gradient[n,c,i,j] >= 0 and else -1 (Liang et
// al. 2018, equation 2). x and y are float (a step of a few thousandths would drown in the rounding
// of half precision), the gradient of any element type; step (C) is magnitude / std. y may be x.
void perturb(ConstView x, ConstView gradient, const float* step, View y, Stream stream);

// --- dropout.cu: random numbers from kernels/philox.h, the same as on every other device
// ----------
// y = x kept / (1 - rate), kept where philox_uniform(key, e) >= rate; e is the element's index in
// row-major (N, C, H, W) order. 0 <= rate < 1. y may be x.
void dropout_forward(double rate, RandomKey key, ConstView x, View y, Stream stream);
// dx += dy kept / (1 - rate)
void dropout_backward(double rate, RandomKey key, ConstView dy, View dx, Stream stream);
// y[i] = philox_normal(key, first + i), 0 <= i < count: inputs for measurements. Computed in
// double, so that only the last bit can depend on the device's logarithm and cosine.
void normal_noise(RandomKey key, std::uint64_t first, float* y, std::int64_t count, Stream stream);

// --- sgd.cu -------------------------------------------------------------------------------------
// One step of `count` parameters: g = gradient / loss_scale + weight_decay w, velocity = momentum
// velocity + g, w -= learning_rate (nesterov ? g + momentum velocity : velocity) (Sutskever et al.
// 2013, in PyTorch's form), in float. The velocity starts as zero.
void sgd_step(const SgdSetting& setting, float* w, const float* gradient, float* velocity,
              std::int64_t count, Stream stream);
// found[0] = 1 if one of `count` values is infinite or not a number, else unchanged
void find_not_finite(const float* x, std::int64_t count, std::int32_t* found, Stream stream);

}  // namespace odin::cuda
