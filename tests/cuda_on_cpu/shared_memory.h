// The shared memory of emulated blocks.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tests/cuda_on_cpu/emulator.h"

namespace emulated {

inline constexpr std::size_t kMostShared = 227 * 1024;
inline constexpr std::size_t kSharedUnasked = 48 * 1024;

// Memory that is handed out block by block, never twice in one round, filled with NaN, between red
// zones.
class SharedMemory {
 public:
  SharedMemory();
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  // Gives back the last block's memory. Returns true if this round's memory is used up and a new
  // round begins.
  bool next_block();
  void* take(std::size_t bytes);

  // Addresses as a block sees them: they have the alignment of the memory itself.
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
