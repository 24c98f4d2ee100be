// Random crops and flips of training images.
#pragma once

#include "kernels/backend.h"
#include "kernels/thread_pool.h"

namespace odin::cpu {

void augment(ThreadPool& pool, const Augmentation& augmentation, RandomKey key,
             const ConstTensorView& images, const ConstTensorView& indices,
             const ConstTensorView& mean, const ConstTensorView& std, const TensorView& y);

}  // namespace odin::cpu
