// What works plane by plane: pools, normalisation, addition.
#pragma once

#include "kernels/cpu/kernel_table.h"
#include "kernels/cpu/simd.h"

namespace odin::cpu::ODIN_KERNELS {
namespace {

// One plane of x, normalised if the task says so, to `to`.
inline void normalise_plane(const PlaneTask& task, int image, int channel, float* to) {
  const float* from = plane_at(task.in, image, channel);
  Word* bits = bits_at(task.bits, image, channel);
  const Vector scale = splat(task.scale == nullptr ? 1.0f : task.scale[channel]);
  const Vector shift = splat(task.scale == nullptr ? 0.0f : task.shift[channel]);
  const long vectors = vectors_of(static_cast<long>(task.in_height) * task.in_width);
  for (long v = 0; v < vectors; ++v) {
    Vector z = load(from + v * kLanes) * scale + shift;
    if (task.relu) {
      const Word open = passing(z);
      if (bits != nullptr) bits[v] = open;
      z = keep(open, z);
    }
    store(to + v * kLanes, z);
  }
}

// The gradient `from` of one normalised plane goes to that of x: times scale factor, through the
// ReLU.
inline void unnormalise_plane(const PlaneTask& task, int image, int channel, float factor,
                              const float* from, int height, int width) {
  float* to = plane_at(task.out, image, channel);
  const Word* bits = bits_at(task.bits, image, channel);
  const Vector scale = splat(factor * (task.scale == nullptr ? 1.0f : task.scale[channel]));
  const long vectors = vectors_of(static_cast<long>(height) * width);
  for (long v = 0; v < vectors; ++v) {
    Vector d = load(from + v * kLanes) * scale;
    if (bits != nullptr) d = keep(bits[v], d);
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

// Whether a pool halves both extents and its result's rows are whole vectors.
ODIN_INLINE bool halves(const PlaneTask& task, int small_height, int small_width, int height,
                        int width) {
  return task.window == 2 && task.stride == 2 && small_width % kLanes == 0 &&
         2 * small_width == width && 2 * small_height == height;
}

inline void pool(const PlaneTask& task) {
  const float mean = 1.0f / static_cast<float>(task.window * task.window);
  float* z = task.workspace;
  for (int image = 0; image < task.images; ++image) {
    for (int c = 0; c < task.channels; ++c) {
      normalise_plane(task, image, c, z);
      float* to = plane_at(task.out, image, c);
      if (halves(task, task.out_height, task.out_width, task.in_height, task.in_width)) {
        for (int y = 0; y < task.out_height; ++y) {
          const float* row = z + 2L * y * task.in_width;
          for (int x = 0; x < task.out_width; x += kLanes, to += kLanes) {
            const float* at = row + 2 * x;
            const Vector a = load(at) + load(at + task.in_width);
            const Vector b = load(at + kLanes) + load(at + task.in_width + kLanes);
            store(to, (evens(a, b) + odds(a, b)) * mean);
          }
        }
        continue;
      }
      for (int y = 0; y < task.out_height; ++y) {
        for (int x = 0; x < task.out_width; ++x) {
          const float* window = z + static_cast<long>(y) * task.stride * task.in_width +
                                static_cast<long>(x) * task.stride;
          Vector sums{};
          float rest = 0;
          for (int p = 0; p < task.window; ++p) {
            const float* row = window + static_cast<long>(p) * task.in_width;
            int q = 0;
            for (; q + kLanes <= task.window; q += kLanes) sums += load(row + q);
            for (; q < task.window; ++q) rest += row[q];
          }
          for (int l = 0; l < kLanes; ++l) rest += sums[l];
          to[static_cast<long>(y) * task.out_width + x] = rest * mean;
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
        for (int y = 0; y < task.in_height; ++y) {
          float* row = dz + 2L * y * task.out_width;
          for (int x = 0; x < task.in_width; x += kLanes, from += kLanes) {
            const Vector d = load(from);
            const Vector low = zip_low(d, d);
            const Vector high = zip_high(d, d);
            store(row + 2 * x, low);
            store(row + 2 * x + kLanes, high);
            store(row + 2 * x + task.out_width, low);
            store(row + 2 * x + task.out_width + kLanes, high);
          }
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
