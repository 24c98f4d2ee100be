// The emulated device: runs a kernel's threads, as fibers, from one meeting point to the next.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "tests/cuda_on_cpu/emulated_warpgroup.h"
#include "tests/cuda_on_cpu/emulator.h"
#include "tests/cuda_on_cpu/fiber.h"
#include "tests/cuda_on_cpu/groups.h"
#include "tests/cuda_on_cpu/shared_memory.h"

namespace emulated {

inline constexpr unsigned kWarp = 32;
inline constexpr unsigned kWarpgroup = 128;

struct AsyncCopy {
  void* to;
  const void* from;
  std::size_t copied;
  std::size_t total;
};

// The result of an asynchronous copy, until products may see it.
struct Arrival {
  void* to;
  std::size_t bytes;
  std::array<std::byte, 16> value;  // when it was published
};

// Lanes of a warp on their way into, or out of, one operation.
struct Meeting {
  unsigned mask = 0;
  unsigned arrived = 0;
  bool open = false;
  const char* operation = nullptr;
  std::array<Slot, kWarp> slots;
  char token = 0;
};

struct Warp {
  // A lane may still be leaving one meeting while others go through the next. But no more meetings
  // can end in one round of the scheduler than there are lanes.
  std::array<Meeting, 2 * kWarp> meetings;
  std::size_t next = 0;
};

enum class State { kReady, kInBarrier, kInMeeting, kFinished };

struct Thread {
  explicit Thread(void (*entry)()) : fiber(entry) {}

  Fiber fiber;
  State state = State::kReady;
  uint3 place{};
  unsigned index = 0;
  unsigned wanted = 0;  // the mask of the meeting it waits in
  const char* operation = "";
  const char* file = "";
  int line = 0;
  Groups<AsyncCopy> copies;
  std::vector<Arrival> unpublished;  // copies that have arrived since the last proxy fence
  std::vector<Arrival> published;    // ... and before it, since the last barrier
  bool hides_writes = false;         // whether it hid any before the last barrier
  WarpgroupProducts products;
};

class Machine {
 public:
  static Machine& instance() {
    thread_local Machine machine;
    return machine;
  }

  void launch(const void* kernel, dim3 grid, dim3 block, std::size_t shared_bytes,
              const std::function<void()>& body);
  void allow(const void* kernel, std::size_t bytes) { allowed_[kernel] = bytes; }
  std::size_t allowed(const void* kernel) const {
    const auto found = allowed_.find(kernel);
    return found == allowed_.end() ? kSharedUnasked : found->second;
  }

  Thread& running() { return *running_; }
  Warp& warp() { return warps_[running_->index / kWarp]; }
  void barrier(const char* file, int line);
  const Slot* meet(unsigned mask, const char* operation, const Slot& mine, bool orders_memory,
                   const char* file, int line);
  void* dynamic_shared();
  void* static_shared(const void* key, std::size_t bytes);
  const SharedMemory& shared() const { return shared_; }
  void check_product(std::size_t n, const Matrices& matrices);

 private:
  static void thread_main();
  void run_block();
  void resume(Thread& thread);
  void wait(State state, const char* operation, const char* file, int line);
  [[noreturn]] void report_stuck() const;
  void note_hidden_writes(Thread& thread);

  Fiber scheduler_;
  std::vector<std::unique_ptr<Thread>> threads_;  // created when first needed, then kept
  std::vector<Warp> warps_;
  SharedMemory shared_;
  std::map<const void*, std::size_t> allowed_;

  // The launch under way.
  const std::function<void()>* body_ = nullptr;
  Thread* running_ = nullptr;
  std::size_t count_ = 0;                        // threads of a block
  std::size_t in_barrier_ = 0;                   // of them
  std::size_t barriers_ = 0;                     // passed by the block
  std::vector<std::vector<Matrices>> matrices_;  // of each warpgroup's products
  std::size_t hiding_ = 0;                       // threads that hide writes from products
  std::size_t shared_bytes_ = 0;
  void* dynamic_shared_ = nullptr;
  std::vector<std::pair<const void*, void*>> static_shared_;
  std::exception_ptr error_;
  bool backwards_ = false;  // the order in which threads are resumed; reversed every block
  char start_token_ = 0;
  char end_token_ = 0;
  std::array<char, 2> barrier_tokens_{};  // alternating, so that no thread acquires a later release
};

}  // namespace emulated
