// Where the results of Winograd's algorithm go (winograd.h): into planes, or on to another
// gradient.
#pragma once

#include "kernels/cpu/micro/winograd_tiling.h"

namespace odin::cpu::ODIN_KERNELS {
namespace {

// Stores the results of a channel.
template <Store kStore>
class StoredPlanes {
 public:
  static constexpr bool kAsksItself = false;
  StoredPlanes(const ConvolutionTask& task, const WinogradSpace&, int channel)
      : task_(task), channel_(channel) {}
  // The results that follow are those of an image.
  ODIN_INLINE void move_to(int image) {
    to_ = plane_at(task_.out, image, channel_);
    mask_ = mask_at(task_.out_mask, image, channel_);
    if constexpr (kStore == Store::kResidual) residual_ = plane_at(task_.residual, image, channel_);
  }
  // x is this vector of the image's plane.
  ODIN_INLINE void put_at(long vector, Vector x) {
    put<kStore>(to_ + vector * kLanes, x, mask_, vector, residual_);
  }
  // There are no more results.
  ODIN_INLINE void finish() {}

 private:
  const ConvolutionTask& task_;
  int channel_;
  float* to_ = nullptr;
  Word* mask_ = nullptr;
  const float* residual_ = nullptr;
};

// Passes the results, the gradient of h, on to dx and adds them to the sums of OpenGradient: for
// each image in the order of its rows of tiles, whatever block they are in.
template <bool kAdd>
class OpenPlanes {
 public:
  // So nobody else does: a call would cost its sums their registers.
  static constexpr bool kAsksItself = true;
  OpenPlanes(const ConvolutionTask& task, const WinogradSpace& s, int channel)
      : open_(task.open),
        channel_(channel),
        scale_(splat(task.open.scale[channel])),
        shift_(splat(task.open.shift[channel])),
        mean_(splat(task.open.mean[channel])),
        sums_(s.open_sums + long{channel} * kLanes),
        part_(s.open_part) {}
  ODIN_INLINE void move_to(int image) {
    if (image == image_) return;
    finish();
    image_ = image;
    x_ = plane_at(open_.x, image, channel_);
    dx_ = plane_at(open_.dx, image, channel_);
    u_ = load(sums_of_image());
    uv_ = load(sums_of_image() + part_);
  }
  ODIN_INLINE void put_at(long vector, Vector dh) {
    // The processor's own prefetcher starts again on every page, and planes are no larger than
    // that.
    constexpr long kPlaneAhead = 512;
    const long at = vector * kLanes;
    ask_for(x_ + at + kPlaneAhead);
    ask_for(dx_ + at + kPlaneAhead);
    const Vector x = load(x_ + at);
    const Vector d = keep(passing(x * scale_ + shift_), dh);
    u_ += d;
    uv_ += d * (x - mean_);
    const Vector part = scale_ * d;
    store(dx_ + at, kAdd ? load(dx_ + at) + part : part);
  }
  ODIN_INLINE void finish() {
    if (image_ < 0) return;
    store(sums_of_image(), u_);
    store(sums_of_image() + part_, uv_);
  }

 private:
  ODIN_INLINE float* sums_of_image() const { return sums_ + 2 * image_ * part_; }

  const OpenGradient& open_;
  int channel_;
  Vector scale_, shift_, mean_;
  float* sums_;
  long part_;
  int image_ = -1;
  const float* x_ = nullptr;
  float* dx_ = nullptr;
  Vector u_{}, uv_{};
};

template <class PlanesOfChannel>
struct PlanesTag {
  using Type = PlanesOfChannel;
};
// Calls run with a tag of what the task's results go to.
template <class Algorithm, class Run>
ODIN_INLINE void with_planes(const ConvolutionTask& task, Run run) {
  if constexpr (Algorithm::kTransposed) {
    if (task.open.sums != nullptr) {
      if (task.open.add) return run(PlanesTag<OpenPlanes<true>>{});
      return run(PlanesTag<OpenPlanes<false>>{});
    }
  }
  with_store(task.store, [&](auto tag) { run(PlanesTag<StoredPlanes<decltype(tag)::value>>{}); });
}

inline void clear_open_sums(const ConvolutionTask& task, const WinogradSpace& s) {
  if (task.open.sums == nullptr) return;
  memset(s.open_sums, 0,
         sizeof(float) * 2 * static_cast<unsigned long>(task.images) *
             static_cast<unsigned long>(s.open_part));
}
// Adds up the lanes.
inline void finish_open_sums(const ConvolutionTask& task, const WinogradSpace& s) {
  if (task.open.sums == nullptr) return;
  for (long part = 0; part < 2L * task.images; ++part) {
    add_lanes(s.open_sums + part * s.open_part, task.out_channels,
              task.open.sums + part * task.out_channels);
  }
}

}  // namespace
}  // namespace odin::cpu::ODIN_KERNELS
