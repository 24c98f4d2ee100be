#include "tools/jpeg_round_trip.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>

#include "kernels/error.h"

namespace odin {
namespace {

constexpr std::size_t kSize = 32;
constexpr std::size_t kPixels = kSize * kSize;
constexpr std::size_t kKept = 8;  // frequencies of a block, in each direction

using Plane = std::array<double, kPixels>;
using Steps = std::array<int, kKept * kKept>;

// The example tables of ITU T.81, annex K.1: quality 50.
constexpr Steps kLumaSteps{16, 11, 10, 16, 24,  40,  51,  61,  12, 12, 14, 19, 26,  58,  60,  55,
                           14, 13, 16, 24, 40,  57,  69,  56,  14, 17, 22, 29, 51,  87,  80,  62,
                           18, 22, 37, 56, 68,  109, 103, 77,  24, 35, 55, 64, 81,  104, 113, 92,
                           49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99};
constexpr Steps kChromaSteps{17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99,
                             24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
                             99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
                             99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99};

// Quality 75 halves the steps.
int step_at_75(int step) {
  return (step + 1) / 2;
}

// Rounds as libjpeg does: halves upwards.
double rounded(double x) {
  return std::floor(x + 0.5);
}

// The DCT of N x N samples, of which the 8 x 8 lowest frequencies are kept. libjpeg computes with
// integers. What they round between the two directions and at the end decides on coefficients that
// lie about halfway between two multiples of their step, so it is rounded here too.
template <std::size_t N>
class Dct {
 public:
  Dct() {
    for (std::size_t k = 0; k < kKept; ++k) {
      for (std::size_t x = 0; x < N; ++x) {
        const double angle = std::numbers::pi * static_cast<double>(k * (2 * x + 1)) / (2.0 * N);
        basis_[k][x] = (k == 0 ? 1.0 : std::numbers::sqrt2) * std::cos(angle);
      }
    }
  }

  // Rounds the coefficients of the N x N block at `block`, a place in a plane, to multiples of the
  // steps.
  void round_block(double* block, const Steps& steps) const {
    constexpr double kFraction = 4;  // of the numbers between the two directions
    constexpr double kScale = 8;     // of the coefficients
    std::array<std::array<double, kKept>, N> rows;
    for (std::size_t y = 0; y < N; ++y) {
      for (std::size_t u = 0; u < kKept; ++u) {
        double sum = 0;
        for (std::size_t x = 0; x < N; ++x) sum += basis_[u][x] * block[y * kSize + x];
        rows[y][u] = rounded(kFraction * sum);
      }
    }
    // Blocks of any size have coefficients on the scale of 8 x 8.
    constexpr double kToScale = kScale * kKept / (kFraction * N * N);
    std::array<std::array<double, kKept>, kKept> kept;
    for (std::size_t v = 0; v < kKept; ++v) {
      for (std::size_t u = 0; u < kKept; ++u) {
        double sum = 0;
        for (std::size_t y = 0; y < N; ++y) sum += basis_[v][y] * rows[y][u];
        const double coefficient = rounded(kToScale * sum);
        const int step = step_at_75(steps[v * kKept + u]);
        const double multiple = std::floor(std::abs(coefficient) / (kScale * step) + 0.5);
        kept[v][u] = std::copysign(multiple * step, coefficient);
      }
    }
    for (std::size_t u = 0; u < kKept; ++u) {
      for (std::size_t y = 0; y < N; ++y) {
        double sum = 0;
        for (std::size_t v = 0; v < kKept; ++v) sum += basis_[v][y] * kept[v][u];
        rows[y][u] = rounded(kFraction * sum);
      }
    }
    for (std::size_t y = 0; y < N; ++y) {
      for (std::size_t x = 0; x < N; ++x) {
        double sum = 0;
        for (std::size_t u = 0; u < kKept; ++u) sum += basis_[u][x] * rows[y][u];
        block[y * kSize + x] = std::clamp(rounded(sum / (kFraction * kKept)), -128.0, 127.0);
      }
    }
  }

  // Rounds all blocks of a plane of levels around 0.
  void round_plane(Plane& plane, const Steps& steps) const {
    for (std::size_t y = 0; y < kSize; y += N) {
      for (std::size_t x = 0; x < kSize; x += N) round_block(plane.data() + y * kSize + x, steps);
    }
  }

 private:
  std::array<std::array<double, N>, kKept> basis_{};
};

std::uint8_t to_byte(double level) {
  return static_cast<std::uint8_t>(std::clamp(rounded(level), 0.0, 255.0));
}

}  // namespace

void jpeg_round_trip(std::span<std::uint8_t> pixels) {
  require(pixels.size() == 3 * kPixels, "an image has {} values, but this has {}", 3 * kPixels,
          pixels.size());
  static const Dct<8> luma_dct;
  static const Dct<16> chroma_dct;
  Plane luma;
  Plane blue;
  Plane red;
  for (std::size_t i = 0; i < kPixels; ++i) {
    const double r = pixels[i];
    const double g = pixels[kPixels + i];
    const double b = pixels[2 * kPixels + i];
    const double y = 0.299 * r + 0.587 * g + 0.114 * b;
    luma[i] = rounded(y) - 128;
    blue[i] = rounded((b - y) / 1.772);
    red[i] = rounded((r - y) / 1.402);
  }
  luma_dct.round_plane(luma, kLumaSteps);
  chroma_dct.round_plane(blue, kChromaSteps);
  chroma_dct.round_plane(red, kChromaSteps);
  for (std::size_t i = 0; i < kPixels; ++i) {
    const double y = luma[i] + 128;
    pixels[i] = to_byte(y + 1.402 * red[i]);
    pixels[kPixels + i] = to_byte(y - 0.344136286 * blue[i] - 0.714136286 * red[i]);
    pixels[2 * kPixels + i] = to_byte(y + 1.772 * blue[i]);
  }
}

}  // namespace odin
