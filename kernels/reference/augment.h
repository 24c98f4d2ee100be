// Random crops and flips of training images, in plain loops.
#pragma once

#include "kernels/backend.h"

namespace odin::reference {

void augment(const Augmentation& augmentation, RandomKey key, const ConstTensorView& images,
             const ConstTensorView& indices, const ConstTensorView& mean,
             const ConstTensorView& std, const TensorView& y);

}  // namespace odin::reference
