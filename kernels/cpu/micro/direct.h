// Convolution of any kernel, stride and padding: the operand is packed tap by tap ("im2col"), one
// panel of pixels at a time, and goes through the same micro-kernel. Its gradient is the transpose:
// one product gives every tap's share, which is then added to where it came from ("col2im").
#pragma once

#include "kernels/cpu/micro/gemm.h"

namespace odin::cpu::ODIN_KERNELS {
namespace {

// The larger of the two sides of the convolution, as planes with a border of zeros.
struct Bordered {
  int width;   // with the border
  long plane;  // floats from one plane to the next
};
ODIN_INLINE Bordered bordered(int height, int width, int padding) {
  const int wide = width + 2 * padding;
  return {wide, padded(static_cast<long>(height + 2 * padding) * wide)};
}

// Where, in a bordered plane, the window of each pixel of a panel begins. Pixels past the end take
// the last one's.
struct Windows {
  int begin[kPanel];
  int count;                   // pixels that exist
  bool consecutive[kVectors];  // whether a vector's windows follow each other without a gap
};
inline Windows windows_of(int first, int height, int width, int stride, int border_width) {
  Windows windows;
  const int left = height * width - first;
  windows.count = left < kPanel ? left : kPanel;
  for (int i = 0; i < kPanel; ++i) {
    const int pixel = first + (i < windows.count ? i : windows.count - 1);
    windows.begin[i] = pixel / width * stride * border_width + pixel % width * stride;
  }
  for (int v = 0; v < kVectors; ++v) {
    const int* begin = windows.begin + v * kLanes;
    windows.consecutive[v] = (v + 1) * kLanes <= windows.count;
    for (int l = 1; l < kLanes; ++l) {
      if (begin[l] != begin[0] + l) windows.consecutive[v] = false;
    }
  }
  return windows;
}

template <Load kLoad>
void direct(const ConvolutionTask& task) {
  const Bordered border = bordered(task.in_height, task.in_width, task.padding);
  const int taps = task.kernel * task.kernel;
  const int depth = task.in_channels * taps;
  const int pixels = task.out_height * task.out_width;
  float* planes = task.workspace;
  float* linear = planes + task.in_channels * border.plane;
  float* panel = linear + padded(static_cast<long>(task.in_height) * task.in_width);
  memset(planes, 0, sizeof(float) * static_cast<unsigned long>(task.in_channels * border.plane));
  for (int image = 0; image < task.images; ++image) {
    for (int c = 0; c < task.in_channels; ++c) {
      take_plane<kLoad>(task, image, c, linear);
      float* plane = planes + c * border.plane + task.padding * border.width + task.padding;
      for (int y = 0; y < task.in_height; ++y) {
        copy_row(linear + static_cast<long>(y) * task.in_width,
                 plane + static_cast<long>(y) * border.width, task.in_width);
      }
    }
    for (int first = 0; first < pixels; first += kPanel) {
      const Windows windows =
          windows_of(first, task.out_height, task.out_width, task.stride, border.width);
      float* to = panel;
      for (int c = 0; c < task.in_channels; ++c) {
        for (int tap = 0; tap < taps; ++tap) {
          const float* from =
              planes + c * border.plane + tap / task.kernel * border.width + tap % task.kernel;
          for (int v = 0; v < kVectors; ++v, to += kLanes) {
            const int* begin = windows.begin + v * kLanes;
            if (windows.consecutive[v]) {
              store(to, load(from + begin[0]));
            } else {
              for (int l = 0; l < kLanes; ++l) to[l] = from[begin[l]];
            }
          }
        }
      }
      multiply_panel(task.weights, task.out_channels, panel, depth,
                     windows.count > kLanes ? kVectors : 1,
                     destination_of(task, image, first / kLanes));
    }
  }
}

inline void run_direct(const ConvolutionTask& task) {
  with_load(task.load, [&](auto tag) { direct<decltype(tag)::value>(task); });
}

inline long direct_workspace(const ConvolutionTask& task) {
  return task.in_channels * bordered(task.in_height, task.in_width, task.padding).plane +
         padded(static_cast<long>(task.in_height) * task.in_width) +
         padded(static_cast<long>(task.in_channels) * task.kernel * task.kernel * kPanel);
}

template <Load kLoad>
void direct_backward(const ConvolutionTask& task) {
  const Bordered border = bordered(task.out_height, task.out_width, task.padding);
  const int taps = task.kernel * task.kernel;
  const int rows = task.out_channels * taps;
  const int pixels = task.in_height * task.in_width;
  float* planes = task.workspace;
  float* linear = planes + task.out_channels * border.plane;
  float* panel = linear + padded(static_cast<long>(task.out_height) * task.out_width);
  float* shares = panel + padded(static_cast<long>(task.in_channels) * kPanel);
  for (int image = 0; image < task.images; ++image) {
    memset(planes, 0, sizeof(float) * static_cast<unsigned long>(task.out_channels * border.plane));
    for (int first = 0; first < pixels; first += kPanel) {
      const Windows windows =
          windows_of(first, task.in_height, task.in_width, task.stride, border.width);
      const int vectors = windows.count > kLanes ? kVectors : 1;
      for (int c = 0; c < task.in_channels; ++c) {
        const float* from = plane_at(task.in, image, c) + first;
        Word* bits = bits_at(task.in_bits, image, c);
        if (bits != nullptr) bits += first / kLanes;
        for (int v = 0; v < vectors; ++v) {
          store(panel + c * kPanel + v * kLanes,
                take<kLoad>(from + v * kLanes, bits, v, Vector{}, Vector{}));
        }
      }
      Destination to{};
      to.store = Store::kSet;
      to.y = shares;
      to.row = kPanel;
      to.vector = kLanes;
      multiply_panel(task.weights, rows, panel, task.in_channels, vectors, to);
      const float* share = shares;
      for (int c = 0; c < task.out_channels; ++c) {
        for (int tap = 0; tap < taps; ++tap, share += kPanel) {
          float* plane =
              planes + c * border.plane + tap / task.kernel * border.width + tap % task.kernel;
          for (int v = 0; v < vectors; ++v) {
            const int* begin = windows.begin + v * kLanes;
            if (windows.consecutive[v]) {
              store(plane + begin[0], load(plane + begin[0]) + load(share + v * kLanes));
            } else {
              for (int l = v * kLanes; l < windows.count && l < (v + 1) * kLanes; ++l) {
                plane[windows.begin[l]] += share[l];
              }
            }
          }
        }
      }
    }
    for (int c = 0; c < task.out_channels; ++c) {
      const float* plane = planes + c * border.plane + task.padding * border.width + task.padding;
      for (int y = 0; y < task.out_height; ++y) {
        copy_row(plane + static_cast<long>(y) * border.width,
                 linear + static_cast<long>(y) * task.out_width, task.out_width);
      }
      put_plane(task, image, c, linear);
    }
  }
}

inline void run_direct_backward(const ConvolutionTask& task) {
  with_load(task.load, [&](auto tag) { direct_backward<decltype(tag)::value>(task); });
}

inline long direct_backward_workspace(const ConvolutionTask& task) {
  return task.out_channels * bordered(task.out_height, task.out_width, task.padding).plane +
         padded(static_cast<long>(task.out_height) * task.out_width) +
         padded(static_cast<long>(task.in_channels) * kPanel) +
         padded(static_cast<long>(task.out_channels) * task.kernel * task.kernel * kPanel);
}

}  // namespace
}  // namespace odin::cpu::ODIN_KERNELS
