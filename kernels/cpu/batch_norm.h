// Batch norm of planar activations, in training and in evaluation.
#pragma once

#include "kernels/tensor_view.h"
#include "kernels/thread_pool.h"

namespace odin::cpu {

void batch_norm_forward_training(ThreadPool& pool, const ConstTensorView& x,
                                 const ConstTensorView& gamma, const ConstTensorView& beta,
                                 double epsilon, double momentum, bool relu,
                                 const TensorView& running_mean, const TensorView& running_var,
                                 const TensorView& y, const TensorView& mean,
                                 const TensorView& inv_std);
void batch_norm_backward_training(ThreadPool& pool, const ConstTensorView& x,
                                  const ConstTensorView& dy, const ConstTensorView& gamma,
                                  const ConstTensorView& beta, const ConstTensorView& mean,
                                  const ConstTensorView& inv_std, bool relu, const TensorView& dx,
                                  const TensorView& dgamma, const TensorView& dbeta);
void batch_norm_forward_evaluation(ThreadPool& pool, const ConstTensorView& x,
                                   const ConstTensorView& gamma, const ConstTensorView& beta,
                                   const ConstTensorView& running_mean,
                                   const ConstTensorView& running_var, double epsilon,
                                   const TensorView& y);
void batch_norm_backward_evaluation(ThreadPool& pool, const ConstTensorView& x,
                                    const ConstTensorView& dy, const ConstTensorView& gamma,
                                    const ConstTensorView& running_mean,
                                    const ConstTensorView& running_var, double epsilon,
                                    const TensorView& dx, const TensorView& dgamma,
                                    const TensorView& dbeta);

}  // namespace odin::cpu
