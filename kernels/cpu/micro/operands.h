// How kernels read operands and write results: prologue, epilogue and ReLU masks, a vector or a
// plane at a time.
#pragma once

#include "kernels/cpu/micro/kernel_table.h"
#include "kernels/cpu/micro/simd.h"

namespace odin::cpu::ODIN_KERNELS {
namespace {

ODIN_INLINE Word* mask_at(const MaskPlanes& mask, long image, long channel) {
  if (mask.data == nullptr) return nullptr;
  return static_cast<Word*>(mask.data) + image * mask.image + channel * mask.plane;
}
ODIN_INLINE float* plane_at(const Planes& planes, long image, long channel) {
  return planes.data + image * planes.image + channel * planes.plane;
}

// Every kernel is instantiated for each Load and Store. These turn the task's value into a type.
template <Load kValue>
struct LoadTag {
  static constexpr Load value = kValue;
};
template <class Run>
ODIN_INLINE void with_load(Load kind, Run run) {
  switch (kind) {
    case Load::kPlain:
      return run(LoadTag<Load::kPlain>{});
    case Load::kNormalise:
      return run(LoadTag<Load::kNormalise>{});
    case Load::kMasked:
      return run(LoadTag<Load::kMasked>{});
  }
}
template <Store kValue>
struct StoreTag {
  static constexpr Store value = kValue;
};
template <class Run>
ODIN_INLINE void with_store(Store kind, Run run) {
  switch (kind) {
    case Store::kSet:
      return run(StoreTag<Store::kSet>{});
    case Store::kRelu:
      return run(StoreTag<Store::kRelu>{});
    case Store::kResidual:
      return run(StoreTag<Store::kResidual>{});
    case Store::kAdd:
      return run(StoreTag<Store::kAdd>{});
    case Store::kMaskedSet:
      return run(StoreTag<Store::kMaskedSet>{});
    case Store::kMaskedAdd:
      return run(StoreTag<Store::kMaskedAdd>{});
  }
}

// The first `count` elements of x, the others zero.
ODIN_INLINE Vector first_of(Vector x, long count) {
  Vector first{};
  for (int l = 0; l < kLanes && l < count; ++l) first[l] = x[l];
  return first;
}
// The same of a vector in memory, which need not be there beyond them.
ODIN_INLINE Vector load_some(const float* p, long count) {
  if (count >= kLanes) return load(p);
  Vector x{};
  if (count > 0) memcpy(&x, p, sizeof(float) * static_cast<unsigned long>(count));
  return x;
}
ODIN_INLINE void store_some(float* p, Vector x, long count) {
  if (count >= kLanes) return store(p, x);
  if (count > 0) memcpy(p, &x, sizeof(float) * static_cast<unsigned long>(count));
}

// Adds the lanes of a vector for each of `count` channels. There must be vectors up to the next
// multiple of kLanes.
inline void add_lanes(const float* vectors, int count, float* to) {
  for (int c = 0; c < count; c += kLanes) {
    Vector lanes[kLanes];
    for (int i = 0; i < kLanes; ++i) lanes[i] = load(vectors + static_cast<long>(c + i) * kLanes);
    interleave(lanes);
    for (int distance = kLanes / 2; distance > 0; distance /= 2) {
      for (int i = 0; i < distance; ++i) lanes[i] += lanes[i + distance];
    }
    store_some(to + c, lanes[0], count - c);
  }
}

// The vector at p after the load's prologue. Its mask is word v of `mask`.
template <Load kLoad>
ODIN_INLINE Vector take(const float* p, Word* mask, long v, Vector scale, Vector shift) {
  const Vector x = load(p);
  if constexpr (kLoad == Load::kNormalise) {
    const Vector z = x * scale + shift;
    if (mask != nullptr) mask[v] = passing(z);
    return relu(z);
  } else if constexpr (kLoad == Load::kMasked) {
    return keep(mask[v], x);
  } else {
    return x;
  }
}

// Stores the result r at p. Its mask and its residual are entry v of `mask` and `residual`.
template <Store kStore>
ODIN_INLINE void put(float* p, Vector r, Word* mask, long v, const float* residual) {
  if constexpr (kStore == Store::kSet) {
    store(p, r);
  } else if constexpr (kStore == Store::kRelu) {
    if (mask != nullptr) mask[v] = passing(r);
    store(p, relu(r));
  } else if constexpr (kStore == Store::kResidual) {
    store(p, r + load(residual + v * kLanes));
  } else if constexpr (kStore == Store::kAdd) {
    store(p, load(p) + r);
  } else if constexpr (kStore == Store::kMaskedSet) {
    store(p, keep(mask[v], r));
  } else {
    store(p, load(p) + keep(mask[v], r));
  }
}

// Writes a whole plane of the task's input, after the load's prologue, to `to`.
template <Load kLoad>
void take_plane(const ConvolutionTask& task, long image, long channel, float* to) {
  const float* from = plane_at(task.in, image, channel);
  Word* mask = mask_at(task.in_mask, image, channel);
  Vector scale{}, shift{};
  if constexpr (kLoad == Load::kNormalise) {
    scale = splat(task.scale[channel]);
    shift = splat(task.shift[channel]);
  }
  const long vectors = vectors_of(static_cast<long>(task.in_height) * task.in_width);
  for (long v = 0; v < vectors; ++v) {
    store(to + v * kLanes, take<kLoad>(from + v * kLanes, mask, v, scale, shift));
  }
}

// Stores a whole plane of results, `from`, in the task's output.
inline void put_plane(const ConvolutionTask& task, long image, long channel, const float* from) {
  float* to = plane_at(task.out, image, channel);
  Word* mask = mask_at(task.out_mask, image, channel);
  const float* residual =
      task.residual.data == nullptr ? nullptr : plane_at(task.residual, image, channel);
  const long vectors = vectors_of(static_cast<long>(task.out_height) * task.out_width);
  with_store(task.store, [&](auto tag) {
    for (long v = 0; v < vectors; ++v) {
      put<decltype(tag)::value>(to + v * kLanes, load(from + v * kLanes), mask, v, residual);
    }
  });
}

}  // namespace
}  // namespace odin::cpu::ODIN_KERNELS
