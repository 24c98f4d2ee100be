// The CPU's product of two matrices of floats. oneDNN computes it, and no header of it is needed
// here.
#pragma once

#include <cstdint>

namespace odin::cpu {

// c = a b + beta c, row-major with leading dimensions; a (m, k) and b (k, n) after the optional
// transposition. In tasks of a ThreadPool on the thread that calls it.
struct Matrix {
  const float* data;
  std::int64_t leading;
  bool transposed = false;
};
void multiply(std::int64_t m, std::int64_t n, std::int64_t k, const Matrix& a, const Matrix& b,
              float beta, float* c, std::int64_t leading_c);

}  // namespace odin::cpu
