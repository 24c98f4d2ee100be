// The shared memory of emulated blocks.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tests/cuda_on_cpu/emulator.h"

namespace emulated {

inline constexpr std::size_t kMostShared = 227 * 1024;
inline constexpr std::size_t kSharedUnasked = 48 * 1024;

// Memory handed out block by block, never twice in one round, filled with NaN, red zones between.
class SharedMemory {
 public:
  SharedMemory();
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  // Gives back what the last block had. True where this round's memory is used up and a new one
  // begins.
  bool next_block();
  void* take(std::size_t bytes);

  // Addresses as a block sees them: the same as memory's in all that alignment depends on.
  SharedWindow window() const;

 private:
  static constexpr std::size_t kSize = std::size_t{8} << 20;
  static constexpr std::size_t kAlignment = 1024;
  static constexpr std::size_t kRedZone = 128;

  void forbid(std::size_t begin, std::size_t end);

  std::byte* memory_ = nullptr;
  std::size_t begin_ = 0;
  std::size_t used_ = 0;
};

}  // namespace emulated
