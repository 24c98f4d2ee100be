// The one-dimensional transforms of Winograd's algorithms (winograd.h), and the sizes of their
// tiles.
//
// An algorithm cuts the result into tiles of kResult pixels a side. A tile reads kWindow pixels of
// the input, beginning kBefore before its own: tiles are kStep pixels of the input apart. Its
// transforms lead from the window to kPoints points and from the products of the points to the
// result. In two dimensions both are applied to rows and to columns. Point i meets row
// weight_point(i) of the transformed weights, of which there are kWeightPoints for every algorithm.
#pragma once

#include "kernels/cpu/micro/simd.h"

namespace odin::cpu::ODIN_KERNELS {
namespace {

constexpr int kWeightPoints = 6;

// Stride 1: F(4, 3) of Lavin & Gray, whose points are 0, 1, -1, 2, -2 and infinity. The gradient in
// the input is the same with the kernel read back to front; we read window and result back to front
// instead, so that one set of transformed weights serves both ways.
template <bool kReversed>
struct UnitStride {
  static constexpr bool kTransposed = kReversed;
  static constexpr int kResult = 4;
  static constexpr int kStep = 4;
  static constexpr int kBefore = 1;
  static constexpr int kWindow = 6;
  static constexpr int kPoints = 6;
  // Points that share the weights of the last weight point.
  static constexpr int kLastPoints = 1;

  static ODIN_INLINE void transform_input(const Vector (&window)[6], Vector (&y)[6]) {
    Vector x[6];
#pragma GCC unroll 6
    for (int i = 0; i < 6; ++i) x[i] = window[kReversed ? 5 - i : i];
    const Vector a = x[4] - 4.0f * x[2];
    const Vector b = x[3] - 4.0f * x[1];
    const Vector c = x[4] - x[2];
    const Vector d = x[3] - x[1];
    y[0] = 4.0f * x[0] + (x[4] - 5.0f * x[2]);
    y[1] = a + b;
    y[2] = a - b;
    y[3] = c + 2.0f * d;
    y[4] = c - 2.0f * d;
    y[5] = 4.0f * x[1] + (x[5] - 5.0f * x[3]);
  }

  static ODIN_INLINE void transform_output(const Vector (&x)[6], Vector (&y)[4]) {
    const Vector a = x[1] + x[2];
    const Vector b = x[1] - x[2];
    const Vector c = x[3] + x[4];
    const Vector d = x[3] - x[4];
    y[kReversed ? 3 : 0] = x[0] + a + c;
    y[kReversed ? 2 : 1] = b + 2.0f * d;
    y[kReversed ? 1 : 2] = a + 4.0f * c;
    y[kReversed ? 0 : 3] = b + 8.0f * d + x[5];
  }
};

// F(4, 2), with the points 0, 1, -1, 2 and infinity, for two taps: four results from five inputs.
ODIN_INLINE void transform_pair_input(const Vector (&x)[5], Vector* y) {
  const Vector a = x[3] - x[1];
  const Vector b = x[3] - x[2];
  y[0] = 2.0f * (x[0] - x[2]) + a;
  y[1] = b - 2.0f * x[1];
  y[2] = b + 2.0f * (x[1] - x[2]);
  y[3] = a;
  y[4] = (x[4] - x[2]) - 2.0f * a;
}
ODIN_INLINE void transform_pair_output(const Vector* x, Vector (&y)[4]) {
  const Vector a = x[1] + x[2];
  const Vector b = x[1] - x[2];
  y[0] = x[0] + a + x[3];
  y[1] = b + 2.0f * x[3];
  y[2] = a + 4.0f * x[3];
  y[3] = b + 8.0f * x[3] + x[4];
}

// Stride 2: y[i] = g0 x[2i - 1] + g1 x[2i] + g2 x[2i + 1]. The pixels of odd index are convolved
// with two taps, g0 and g2, by F(4, 2), five products for four results; those of even index with
// one, g1, four products. So a tile has 9 x 9 products, where 4 x 4 results of 9 taps have 144. The
// four even points share one weight.
struct Halving {
  static constexpr bool kTransposed = false;
  static constexpr int kResult = 4;
  static constexpr int kStep = 8;
  static constexpr int kBefore = 1;
  static constexpr int kWindow = 9;
  static constexpr int kPoints = 9;
  static constexpr int kLastPoints = 4;

  static ODIN_INLINE void transform_input(const Vector (&x)[9], Vector (&y)[9]) {
    const Vector odd[5] = {x[0], x[2], x[4], x[6], x[8]};
    transform_pair_input(odd, y);
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) y[5 + i] = x[2 * i + 1];
  }

  static ODIN_INLINE void transform_output(const Vector (&x)[9], Vector (&y)[4]) {
    transform_pair_output(x, y);
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) y[i] += x[5 + i];
  }
};

// The gradient of Halving: dx[2i] = g1 dy[i], and dx[2i + 1] = g2 dy[i] + g0 dy[i + 1], which is
// F(4, 2) back to front.
struct Doubling {
  static constexpr bool kTransposed = true;
  static constexpr int kResult = 8;
  static constexpr int kStep = 4;
  static constexpr int kBefore = 0;
  static constexpr int kWindow = 5;
  static constexpr int kPoints = 9;
  static constexpr int kLastPoints = 4;

  static ODIN_INLINE void transform_input(const Vector (&x)[5], Vector (&y)[9]) {
    const Vector reversed[5] = {x[4], x[3], x[2], x[1], x[0]};
    transform_pair_input(reversed, y);
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) y[5 + i] = x[i];
  }

  static ODIN_INLINE void transform_output(const Vector (&x)[9], Vector (&y)[8]) {
    Vector odd[4];
    transform_pair_output(x, odd);
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      y[2 * i] = x[5 + i];
      y[2 * i + 1] = odd[3 - i];
    }
  }
};

// The kernel's transform, to the weight points: G g for kRows kernels at once. `stride` is that of
// the convolution.
inline void transform_kernel(int stride, const float (&g)[3][kRows],
                             float (&u)[kWeightPoints][kRows]) {
  for (int i = 0; i < kRows; ++i) {
    if (stride == 2) {
      u[0][i] = g[0][i] / 2;
      u[1][i] = -(g[0][i] + g[2][i]) / 2;
      u[2][i] = (g[2][i] - g[0][i]) / 6;
      u[3][i] = g[0][i] / 6 + g[2][i] / 3;
      u[4][i] = g[2][i];
      u[5][i] = g[1][i];
    } else {
      const float even = -(g[0][i] + g[2][i]) / 6;
      const float wide = g[0][i] / 24 + g[2][i] / 6;
      u[0][i] = g[0][i] / 4;
      u[1][i] = even - g[1][i] / 6;
      u[2][i] = even + g[1][i] / 6;
      u[3][i] = wide + g[1][i] / 12;
      u[4][i] = wide - g[1][i] / 12;
      u[5][i] = g[2][i];
    }
  }
}

// The transposes of UnitStride's transforms, for the gradient in the weights (filter_gradient.h).
// That of the output: A x.
ODIN_INLINE void transform_gradient(const Vector (&x)[4], Vector (&y)[6]) {
  const Vector even = x[0] + x[2];
  const Vector odd = x[1] + x[3];
  const Vector even_far = x[0] + 4.0f * x[2];
  const Vector odd_far = 2.0f * x[1] + 8.0f * x[3];
  y[0] = x[0];
  y[1] = even + odd;
  y[2] = even - odd;
  y[3] = even_far + odd_far;
  y[4] = even_far - odd_far;
  y[5] = x[3];
}

// That of the kernel: G^T u.
ODIN_INLINE void transform_filter(const Vector (&u)[6], Vector (&g)[3]) {
  const Vector near = u[1] + u[2];
  const Vector far = u[3] + u[4];
  g[0] = u[0] / 4.0f - near / 6.0f + far / 24.0f;
  g[1] = (u[2] - u[1]) / 6.0f + (u[3] - u[4]) / 12.0f;
  g[2] = (far - near) / 6.0f + u[5];
}

}  // namespace
}  // namespace odin::cpu::ODIN_KERNELS
