// The loop nest over the elements of a tensor of four axes.
#pragma once

#include <cstdint>

#include "kernels/tensor_view.h"

namespace odin::reference {

// Calls f(n, c, i, j) for every element, the last axis innermost.
template <class Function>
void for_each(const Shape& shape, Function f) {
  for (std::int64_t n = 0; n < shape[0]; ++n) {
    for (std::int64_t c = 0; c < shape[1]; ++c) {
      for (std::int64_t i = 0; i < shape[2]; ++i) {
        for (std::int64_t j = 0; j < shape[3]; ++j) f(n, c, i, j);
      }
    }
  }
}

}  // namespace odin::reference
