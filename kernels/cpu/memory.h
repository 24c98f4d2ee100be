// Memory of the CPU's kernels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace odin::cpu {

// Floats, aligned to a cache line and, where the system can, on huge pages: planes lie
// kilobytes apart, and with small pages nearly every access to another plane would miss the TLB.
class FloatMemory {
 public:
  FloatMemory() = default;
  // Throws Error where there is not enough memory.
  explicit FloatMemory(std::size_t floats, bool zeroed = true);

  float* data() const { return data_.get(); }
  std::size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(float* p) const;
  };
  std::unique_ptr<float[], Free> data_;
  std::size_t size_ = 0;
};

inline constexpr int kCacheLine = 16;  // floats

// A number of floats, rounded up to whole cache lines.
template <class Count>
constexpr Count whole_lines(Count floats) {
  constexpr auto kFloats = static_cast<Count>(kCacheLine);
  return (floats + kFloats - 1) / kFloats * kFloats;
}

// Floats from one plane to the next: whole cache lines, and an odd number of them, so that the same
// pixel of all planes does not fall into the same few sets of the cache.
inline std::int64_t padded_plane(std::int64_t pixels) {
  return (whole_lines(pixels) / kCacheLine | 1) * kCacheLine;
}

}  // namespace odin::cpu
