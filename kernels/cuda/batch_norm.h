// Batch norm through the batch's statistics (Ioffe & Szegedy 2015), with or without a ReLU after
// it. Parameters and statistics are float, one per channel. Sums are taken in a fixed order: the
// same batch gives the same bits every time. (In evaluation batch norm is elementwise:
// affine_forward and affine_backward of elementwise.h; batch_norm_affine makes the factors.)
#pragma once

#include "kernels/cuda/runtime/view.h"

namespace odin::cuda {

// Bytes of device memory that the functions below need as `workspace`, aligned to 16, for
// activations of `pixels` (N H W) pixels.
std::size_t batch_norm_workspace(std::int64_t pixels, int channels);

struct BatchNormParameters {
  const float* gamma = nullptr;
  const float* beta = nullptr;
};

// Mean and biased variance of each channel over the m = N H W pixels; mean and
// inv_std = 1 / sqrt(variance + epsilon) are written, running_mean and running_var moved by
// `momentum` towards the mean and the UNBIASED variance; y = gamma (x - mean) inv_std + beta, then
// max(y, 0) if `relu`. y may be x. Throws Error when m < 2. The variance is the sum of squared
// distances from the mean (merged in pairs, Chan et al. 1979), not a difference of squares.
void batch_norm_forward_training(ConstView x, BatchNormParameters parameters, double epsilon,
                                 double momentum, bool relu, float* running_mean,
                                 float* running_var, View y, float* mean, float* inv_std,
                                 void* workspace, Stream stream);

// With x^ = (x - mean) inv_std and dy taken as zero where `relu` and gamma x^ + beta <= 0:
// dbeta += sum dy, dgamma += sum dy x^,
// dx += gamma inv_std (dy - sum dy / m - x^ sum(dy x^) / m).
// dx, dgamma and dbeta may each be empty (nullptr): not wanted.
void batch_norm_backward_training(ConstView x, ConstView dy, BatchNormParameters parameters,
                                  const float* mean, const float* inv_std, bool relu, View dx,
                                  float* dgamma, float* dbeta, void* workspace, Stream stream);

// Evaluation: mean and variance are constants. dgamma and dbeta as above with
// x^ = (x - mean) / sqrt(variance + epsilon), dx += gamma / sqrt(variance + epsilon) dy.
void batch_norm_backward_evaluation(ConstView x, ConstView dy, BatchNormParameters parameters,
                                    const float* running_mean, const float* running_var,
                                    double epsilon, bool relu, View dx, float* dgamma, float* dbeta,
                                    void* workspace, Stream stream);

// y = gamma (x - running_mean) / sqrt(running_var + epsilon) + beta, then max(y, 0) if `relu`;
// y may be x.
void batch_norm_forward_evaluation(ConstView x, BatchNormParameters parameters,
                                   const float* running_mean, const float* running_var,
                                   double epsilon, bool relu, View y, Stream stream);

}  // namespace odin::cuda
