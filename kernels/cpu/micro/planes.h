// Kernels that work plane by plane: pools, normalisation, addition.
#pragma once

#include "kernels/cpu/micro/operands.h"

namespace odin::cpu::ODIN_KERNELS {
namespace {

// Writes one plane of x, normalised if the task says so, to `to`.
inline void normalise_plane(const PlaneTask& task, int image, int channel, float* to) {
  const float* from = plane_at(task.in, image, channel);
  Word* mask = mask_at(task.mask, image, channel);
  const Vector scale = splat(task.scale == nullptr ? 1.0f : task.scale[channel]);
  const Vector shift = splat(task.scale == nullptr ? 0.0f : task.shift[channel]);
  const long vectors = vectors_of(static_cast<long>(task.in_height) * task.in_width);
  for (long v = 0; v < vectors; ++v) {
    Vector z = load(from + v * kLanes) * scale + shift;
    if (task.relu) {
      if (mask != nullptr) mask[v] = passing(z);
      z = relu(z);
    }
    store(to + v * kLanes, z);
  }
}

// Passes the gradient `from` of one normalised plane on to the gradient of x: multiplied by
// scale x factor, and zero where the ReLU was closed.
inline void unnormalise_plane(const PlaneTask& task, int image, int channel, float factor,
                              const float* from, int height, int width) {
  float* to = plane_at(task.out, image, channel);
  const Word* mask = mask_at(task.mask, image, channel);
  const Vector scale = splat(factor * (task.scale == nullptr ? 1.0f : task.scale[channel]));
  const long vectors = vectors_of(static_cast<long>(height) * width);
  for (long v = 0; v < vectors; ++v) {
    Vector d = load(from + v * kLanes) * scale;
    if (mask != nullptr) d = keep(mask[v], d);
    if (task.accumulate) d += load(to + v * kLanes);
    store(to + v * kLanes, d);
  }
}

inline void normalise(const PlaneTask& task) {
  for (int image = 0; image < task.images; ++image) {
    for (int c = 0; c < task.channels; ++c) {
      normalise_plane(task, image, c, plane_at(task.out, image, c));
    }
  }
}

inline void normalise_backward(const PlaneTask& task) {
  for (int image = 0; image < task.images; ++image) {
    for (int c = 0; c < task.channels; ++c) {
      unnormalise_plane(task, image, c, 1.0f, plane_at(task.in, image, c), task.in_height,
                        task.in_width);
    }
  }
}

inline void copy(const PlaneTask& task) {
  const long vectors = vectors_of(static_cast<long>(task.in_height) * task.in_width);
  for (int image = 0; image < task.images; ++image) {
    for (int c = 0; c < task.channels; ++c) {
      const float* from = plane_at(task.in, image, c);
      float* to = plane_at(task.out, image, c);
      for (long v = 0; v < vectors; ++v) {
        Vector x = load(from + v * kLanes);
        if (task.accumulate) x += load(to + v * kLanes);
        store(to + v * kLanes, x);
      }
    }
  }
}

// Whether a pool halves both extents, and each half vector of means is made from one pair of rows.
ODIN_INLINE bool halves(const PlaneTask& task, int small_height, int small_width, int height,
                        int width) {
  return task.window == 2 && task.stride == 2 && 2 * small_width == width &&
         2 * small_height == height && small_width % (kLanes / 2) == 0 &&
         small_height * small_width % kLanes == 0;
}
// Where the windows of half a vector of means begin in the large plane.
ODIN_INLINE long halves_at(int mean, int small_width) {
  return 4L * (mean / small_width) * small_width + 2 * (mean % small_width);
}

inline void pool(const PlaneTask& task) {
  const float mean = 1.0f / static_cast<float>(task.window * task.window);
  const int pixels = task.in_height * task.in_width;
  float* z = task.workspace;
  for (int image = 0; image < task.images; ++image) {
    for (int c = 0; c < task.channels; ++c) {
      normalise_plane(task, image, c, z);
      float* to = plane_at(task.out, image, c);
      if (halves(task, task.out_height, task.out_width, task.in_height, task.in_width)) {
        for (int at = 0; at < task.out_height * task.out_width; at += kLanes) {
          const float* low = z + halves_at(at, task.out_width);
          const float* high = z + halves_at(at + kLanes / 2, task.out_width);
          const Vector a = load(low) + load(low + task.in_width);
          const Vector b = load(high) + load(high + task.in_width);
          store(to + at, (evens(a, b) + odds(a, b)) * mean);
        }
        continue;
      }
      if (task.window == task.in_height && task.window == task.in_width) {
        Vector sums{};
        int at = 0;
        for (; at + kLanes <= pixels; at += kLanes) sums += load(z + at);
        float sum = 0;
        for (; at < pixels; ++at) sum += z[at];
        for (int l = 0; l < kLanes; ++l) sum += sums[l];
        to[0] = sum * mean;
        continue;
      }
      for (int y = 0; y < task.out_height; ++y) {
        for (int x = 0; x < task.out_width; ++x) {
          const float* window = z + static_cast<long>(y) * task.stride * task.in_width +
                                static_cast<long>(x) * task.stride;
          float sum = 0;
          for (int p = 0; p < task.window; ++p) {
            const float* row = window + static_cast<long>(p) * task.in_width;
            for (int q = 0; q < task.window; ++q) sum += row[q];
          }
          to[static_cast<long>(y) * task.out_width + x] = sum * mean;
        }
      }
    }
  }
}

inline void pool_backward(const PlaneTask& task) {
  const float mean = 1.0f / static_cast<float>(task.window * task.window);
  float* dz = task.workspace;
  const unsigned long bytes = sizeof(float) * static_cast<unsigned long>(task.out_height) *
                              static_cast<unsigned long>(task.out_width);
  for (int image = 0; image < task.images; ++image) {
    for (int c = 0; c < task.channels; ++c) {
      const float* from = plane_at(task.in, image, c);
      if (halves(task, task.in_height, task.in_width, task.out_height, task.out_width)) {
        for (int at = 0; at < task.in_height * task.in_width; at += kLanes) {
          const Vector d = load(from + at);
          float* low = dz + halves_at(at, task.in_width);
          float* high = dz + halves_at(at + kLanes / 2, task.in_width);
          store(low, zip_low(d, d));
          store(low + task.out_width, zip_low(d, d));
          store(high, zip_high(d, d));
          store(high + task.out_width, zip_high(d, d));
        }
      } else {
        memset(dz, 0, bytes);
        for (int y = 0; y < task.in_height; ++y) {
          for (int x = 0; x < task.in_width; ++x, ++from) {
            float* window = dz + static_cast<long>(y) * task.stride * task.out_width +
                            static_cast<long>(x) * task.stride;
            for (int p = 0; p < task.window; ++p) {
              float* row = window + static_cast<long>(p) * task.out_width;
              for (int q = 0; q < task.window; ++q) row[q] += *from;
            }
          }
        }
      }
      unnormalise_plane(task, image, c, mean, dz, task.out_height, task.out_width);
    }
  }
}

inline long plane_workspace(const PlaneTask& task) {
  const long in = padded(static_cast<long>(task.in_height) * task.in_width);
  const long out = padded(static_cast<long>(task.out_height) * task.out_width);
  return in > out ? in : out;
}

}  // namespace
}  // namespace odin::cpu::ODIN_KERNELS
