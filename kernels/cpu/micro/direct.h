// Convolution of any kernel size, stride and padding. The operand is packed tap by tap ("im2col"),
// one panel of pixels at a time, and goes through the same micro-kernel. The gradient is the
// transpose: one product gives the share of every tap, which is then added to the pixel that the
// tap read ("col2im").
#pragma once

#include "kernels/cpu/micro/gemm.h"
#include "kernels/cpu/micro/workspace.h"

namespace odin::cpu::ODIN_KERNELS {
namespace {

// The larger of the two sides of the convolution, as planes with a border of zeros, and the other
// workspace.
struct DirectSpace {
  int width;        // of a plane, with the border
  long plane;       // floats from one plane to the next
  float* planes;    // [channel][plane]
  float* interior;  // pixel (0, 0) of channel 0 in `planes`
  float* linear;    // a plane without its border
  float* panel;     // the operand, packed
  float* products;  // of a panel
  long total;       // floats
};
// For `channels` planes of height x width. Without a workspace only the sizes are set.
inline DirectSpace direct_space(float* workspace, int channels, int height, int width, int padding,
                                long panel, long products) {
  DirectSpace s{};
  s.width = width + 2 * padding;
  s.plane = padded(static_cast<long>(height + 2 * padding) * s.width);
  Pieces pieces(workspace);
  s.planes = pieces.take(channels * s.plane);
  if (s.planes != nullptr) s.interior = s.planes + padding * s.width + padding;
  s.linear = pieces.take(static_cast<long>(height) * width);
  s.panel = pieces.take(panel);
  s.products = pieces.take(products);
  s.total = pieces.total();
  return s;
}
inline DirectSpace direct_space(const ConvolutionTask& task) {
  const long taps = static_cast<long>(task.kernel) * task.kernel;
  return direct_space(task.workspace, task.in_channels, task.in_height, task.in_width, task.padding,
                      task.in_channels * taps * kPanel, 0);
}
inline DirectSpace direct_backward_space(const ConvolutionTask& task) {
  const long taps = static_cast<long>(task.kernel) * task.kernel;
  return direct_space(task.workspace, task.out_channels, task.out_height, task.out_width,
                      task.padding, static_cast<long>(task.in_channels) * kPanel,
                      task.out_channels * taps * kPanel);
}
// The place of a tap of a channel's windows, relative to where each window begins.
ODIN_INLINE float* tap_of(const ConvolutionTask& task, const DirectSpace& s, int channel, int tap) {
  return s.planes + channel * s.plane + tap / task.kernel * s.width + tap % task.kernel;
}
inline void clear_planes(const DirectSpace& s, int channels) {
  memset(s.planes, 0, sizeof(float) * static_cast<unsigned long>(channels * s.plane));
}

// Where the window of each pixel of a panel begins in a bordered plane. Pixels past the end have
// the window of the last pixel.
struct Windows {
  int begin[kPanel];
  int count;                   // pixels that exist
  bool consecutive[kVectors];  // by vector: its windows follow each other without a gap
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
  const DirectSpace s = direct_space(task);
  const int taps = task.kernel * task.kernel;
  const int depth = task.in_channels * taps;
  const int pixels = task.out_height * task.out_width;
  clear_planes(s, task.in_channels);
  for (int image = 0; image < task.images; ++image) {
    for (int c = 0; c < task.in_channels; ++c) {
      take_plane<kLoad>(task, image, c, s.linear);
      float* plane = s.interior + c * s.plane;
      for (int y = 0; y < task.in_height; ++y) {
        copy_row(s.linear + static_cast<long>(y) * task.in_width,
                 plane + static_cast<long>(y) * s.width, task.in_width);
      }
    }
    for (int first = 0; first < pixels; first += kPanel) {
      const Windows windows =
          windows_of(first, task.out_height, task.out_width, task.stride, s.width);
      float* to = s.panel;
      for (int c = 0; c < task.in_channels; ++c) {
        for (int tap = 0; tap < taps; ++tap) {
          const float* from = tap_of(task, s, c, tap);
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
      multiply_panel(task.weights, task.out_channels, s.panel, depth,
                     windows.count > kLanes ? kVectors : 1,
                     destination_of(task, image, first / kLanes));
    }
  }
}

inline void run_direct(const ConvolutionTask& task) {
  with_load(task.load, [&](auto tag) { direct<decltype(tag)::value>(task); });
}

inline long direct_workspace(const ConvolutionTask& task) {
  return workspace_of(task, [](const ConvolutionTask& t) { return direct_space(t); });
}

template <Load kLoad>
void direct_backward(const ConvolutionTask& task) {
  const DirectSpace s = direct_backward_space(task);
  const int taps = task.kernel * task.kernel;
  const int rows = task.out_channels * taps;
  const int pixels = task.in_height * task.in_width;
  for (int image = 0; image < task.images; ++image) {
    clear_planes(s, task.out_channels);
    for (int first = 0; first < pixels; first += kPanel) {
      const Windows windows =
          windows_of(first, task.in_height, task.in_width, task.stride, s.width);
      const int vectors = windows.count > kLanes ? kVectors : 1;
      for (int c = 0; c < task.in_channels; ++c) {
        const float* from = plane_at(task.in, image, c) + first;
        Word* mask = mask_at(task.in_mask, image, c);
        if (mask != nullptr) mask += first / kLanes;
        for (int v = 0; v < vectors; ++v) {
          store(s.panel + c * kPanel + v * kLanes,
                take<kLoad>(from + v * kLanes, mask, v, Vector{}, Vector{}));
        }
      }
      Destination to{};
      to.store = Store::kSet;
      to.y = s.products;
      to.row = kPanel;
      to.ahead = floats_ahead(task.in_channels);
      multiply_panel(task.weights, rows, s.panel, task.in_channels, vectors, to);
      const float* share = s.products;
      for (int c = 0; c < task.out_channels; ++c) {
        for (int tap = 0; tap < taps; ++tap, share += kPanel) {
          float* plane = tap_of(task, s, c, tap);
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
      const float* plane = s.interior + c * s.plane;
      for (int y = 0; y < task.out_height; ++y) {
        copy_row(plane + static_cast<long>(y) * s.width,
                 s.linear + static_cast<long>(y) * task.out_width, task.out_width);
      }
      put_plane(task, image, c, s.linear);
    }
  }
}

inline void run_direct_backward(const ConvolutionTask& task) {
  with_load(task.load, [&](auto tag) { direct_backward<decltype(tag)::value>(task); });
}

inline long direct_backward_workspace(const ConvolutionTask& task) {
  return workspace_of(task, direct_backward_space);
}

}  // namespace
}  // namespace odin::cpu::ODIN_KERNELS
