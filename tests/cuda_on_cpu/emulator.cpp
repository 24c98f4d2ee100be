#include "tests/cuda_on_cpu/emulator.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <sys/mman.h>

#include "tests/cuda_on_cpu/cuda_runtime.h"
#include "tests/cuda_on_cpu/emulated_warpgroup.h"
#include "tests/cuda_on_cpu/fiber.h"
#include "tests/cuda_on_cpu/unwatched.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace emulated {
namespace {

constexpr unsigned kWarp = 32;
constexpr unsigned kWarpgroup = 128;
constexpr std::size_t kMostThreads = 1024;
constexpr std::size_t kMostShared = 227 * 1024;
constexpr std::size_t kSharedUnasked = 48 * 1024;
constexpr std::size_t kAlignment = 1024;
constexpr std::size_t kRedZone = 128;

// What came before a release happened before what comes after an acquire of the same token.
void release([[maybe_unused]] char& token) {
#if defined(__SANITIZE_THREAD__)
  __tsan_release(&token);
#endif
}
void acquire([[maybe_unused]] char& token) {
#if defined(__SANITIZE_THREAD__)
  __tsan_acquire(&token);
#endif
}

// Memory handed out block by block, never twice in one round, filled with NaN, red zones between.
class SharedArena {
 public:
  SharedArena() {
    memory_ = static_cast<std::byte*>(mmap(nullptr, kSize, PROT_READ | PROT_WRITE,
                                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    if (memory_ == MAP_FAILED) throw std::bad_alloc();
    forbid(0, kSize);
  }
  ~SharedArena() {
#if defined(__SANITIZE_ADDRESS__)
    __asan_unpoison_memory_region(memory_, kSize);
#endif
    munmap(memory_, kSize);
  }
  SharedArena(const SharedArena&) = delete;
  SharedArena& operator=(const SharedArena&) = delete;

  // Gives back what the last block had. True where this round's memory is used up and a new one
  // begins.
  bool next_block() {
    forbid(begin_, used_);
    begin_ = used_;
    if (used_ + kMostShared + 16 * (kRedZone + kAlignment) <= kSize) return false;
    begin_ = used_ = 0;
    return true;
  }
  void* take(std::size_t bytes) {
    used_ = (used_ + kRedZone + kAlignment - 1) / kAlignment * kAlignment;
    if (used_ - begin_ + bytes > kMostShared + 8 * (kRedZone + kAlignment)) {
      throw KernelError(
          fmt::format("a block asks for more than {} bytes of shared memory", kMostShared));
    }
    std::byte* taken = memory_ + used_;
    used_ += bytes;
#if defined(__SANITIZE_ADDRESS__)
    __asan_unpoison_memory_region(taken, bytes);
#endif
    // Not memset, which ThreadSanitizer would take for the kernel's.
    for (volatile std::byte* p = taken; p != taken + bytes; p = p + 1) *p = std::byte{0xFF};
    return taken;
  }

  // Addresses as a block sees them: the same as memory's in all that alignment depends on.
  SharedWindow window() const {
    const std::size_t origin = begin_ / kAlignment * kAlignment;
    return {memory_ + origin, static_cast<std::uint32_t>(begin_ - origin),
            static_cast<std::uint32_t>(used_ - origin)};
  }

 private:
  static constexpr std::size_t kSize = std::size_t{8} << 20;

  void forbid([[maybe_unused]] std::size_t begin, [[maybe_unused]] std::size_t end) {
#if defined(__SANITIZE_ADDRESS__)
    __asan_poison_memory_region(memory_ + begin, end - begin);
#endif
  }

  const std::byte* origin() const {
    return memory_ + begin_ / kAlignment * kAlignment;
  }

  std::byte* memory_ = nullptr;
  std::size_t begin_ = 0;
  std::size_t used_ = 0;
};

struct AsyncCopy {
  void* to;
  const void* from;
  std::size_t copied;
  std::size_t total;
};

// What an asynchronous copy has brought, until products may see it.
struct Arrival {
  void* to;
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
  // A lane may still be on its way out of one while others go through the next, but in one round of
  // the scheduler no more meetings can end than there are lanes.
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
  std::vector<AsyncCopy> copies;
  std::deque<std::vector<AsyncCopy>> groups;
  std::vector<void*> unpublished;  // to where copies have arrived since the last proxy fence
  std::vector<Arrival> published;  // ... before it, since the last barrier
  bool hides_writes = false;       // of what it wrote before the last barrier
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
  const SharedArena& shared() const { return arena_; }
  void check_product(std::size_t n, const Matrices& matrices);

 private:
  static void thread_main();
  void run_block();
  void resume(Thread& thread);
  void wait(State state, const char* operation, const char* file, int line);
  [[noreturn]] void report_stuck() const;
  void note_hidden_writes(Thread& thread);

  Fiber scheduler_;
  std::vector<std::unique_ptr<Thread>> threads_;  // made when first needed, then kept
  std::vector<Warp> warps_;
  SharedArena arena_;
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
  bool backwards_ = false;  // the order in which threads are resumed; turned every block
  char start_token_ = 0;
  char end_token_ = 0;
  std::array<char, 2> barrier_tokens_{};  // by turns, so that nobody acquires a later release
};

void Machine::launch(const void* kernel, dim3 grid, dim3 block, std::size_t shared_bytes,
                     const std::function<void()>& body) {
  count_ = std::size_t{block.x} * block.y * block.z;
  const std::size_t most = allowed(kernel);
  if (count_ == 0 || count_ > kMostThreads || block.z > 64 || grid.y > 65535 || grid.z > 65535) {
    set_last_error(cudaErrorInvalidConfiguration);
    return;
  }
  if (shared_bytes > most || shared_bytes > kMostShared) {
    set_last_error(cudaErrorInvalidValue);
    return;
  }
  if (running_ != nullptr) throw KernelError("a kernel launches a kernel");
  {
    const Unwatched unwatched;
    while (threads_.size() < count_) threads_.push_back(std::make_unique<Thread>(&thread_main));
    warps_.resize(std::max(warps_.size(), (count_ + kWarp - 1) / kWarp));
    body_ = &body;
    shared_bytes_ = shared_bytes;
    for (std::size_t i = 0; i < count_; ++i) {
      const auto index = static_cast<unsigned>(i);
      threads_[i]->index = index;
      threads_[i]->place = {index % block.x, index / block.x % block.y,
                            index / (block.x * block.y)};
    }
  }
  blockDim = block;
  gridDim = grid;
  release(start_token_);
  for (unsigned z = 0; z < grid.z && !error_; ++z) {
    for (unsigned y = 0; y < grid.y && !error_; ++y) {
      for (unsigned x = 0; x < grid.x && !error_; ++x) {
        const Unwatched unwatched;
        blockIdx = {x, y, z};
        if (arena_.next_block()) {  // its memory is used again: now all earlier blocks are past
          acquire(end_token_);
          release(start_token_);
        }
        run_block();
      }
    }
  }
  acquire(end_token_);
  running_ = nullptr;
  if (error_) {
    threads_.clear();  // some are left in the middle of the kernel
    std::rethrow_exception(std::exchange(error_, nullptr));
  }
}

void Machine::run_block() {
  in_barrier_ = barriers_ = 0;
  dynamic_shared_ = nullptr;
  static_shared_.clear();
  matrices_.assign(count_ / kWarpgroup, {});
  hiding_ = 0;
  for (Warp& warp : warps_) {
    for (Meeting& meeting : warp.meetings) meeting.open = false;
  }
  for (std::size_t i = 0; i < count_; ++i) {
    threads_[i]->state = State::kReady;
    threads_[i]->copies.clear();
    threads_[i]->groups.clear();
    threads_[i]->unpublished.clear();
    threads_[i]->published.clear();
    threads_[i]->hides_writes = false;
    threads_[i]->products.clear();
  }
  backwards_ = !backwards_;
  for (std::size_t finished = 0; finished < count_;) {
    bool progress = false;
    for (std::size_t i = 0; i < count_; ++i) {
      Thread& thread = *threads_[backwards_ ? count_ - 1 - i : i];
      if (thread.state != State::kReady) continue;
      progress = true;
      resume(thread);
      if (error_) return;
      if (thread.state == State::kFinished) ++finished;
    }
    if (!progress) {
      try {
        report_stuck();
      } catch (...) {
        error_ = std::current_exception();
        return;
      }
    }
  }
}

void Machine::resume(Thread& thread) {
  running_ = &thread;
  threadIdx = thread.place;
  Fiber::switch_to(scheduler_, thread.fiber);
}

// What every fiber does: one block's work each time it is resumed from kFinished.
void Machine::thread_main() {
  Machine& machine = instance();
  for (;;) {
    try {
      acquire(machine.start_token_);
      (*machine.body_)();
      release(machine.end_token_);
    } catch (...) {
      machine.error_ = std::current_exception();
    }
    Thread* self = nullptr;
    {
      const Unwatched unwatched;
      self = &machine.running();
      self->state = State::kFinished;
    }
    Fiber::switch_to(self->fiber, machine.scheduler_);
  }
}

void Machine::wait(State state, const char* operation, const char* file, int line) {
  Thread& self = *running_;
  self.state = state;
  self.operation = operation;
  self.file = file;
  self.line = line;
  Fiber::switch_to(self.fiber, scheduler_);
}

std::string place(const Thread& thread) {
  return fmt::format("thread ({}, {}, {})", thread.place.x, thread.place.y, thread.place.z);
}

std::string describe(const Thread& thread) {
  if (thread.state == State::kFinished) return place(thread) + " has exited";
  std::string text = fmt::format("{} waits in {} at {}:{}", place(thread), thread.operation,
                                 thread.file, thread.line);
  if (thread.state == State::kInMeeting) text += fmt::format(", mask {:#010x}", thread.wanted);
  return text;
}

void Machine::report_stuck() const {
  std::string text = fmt::format("block ({}, {}, {}) of {} threads is stuck:", blockIdx.x,
                                 blockIdx.y, blockIdx.z, count_);
  // The first thread of every different state tells enough.
  std::vector<std::tuple<State, const char*, int>> told;
  for (std::size_t i = 0; i < count_; ++i) {
    const Thread& thread = *threads_[i];
    const bool finished = thread.state == State::kFinished;
    const std::tuple key{thread.state, finished ? "" : thread.file, finished ? 0 : thread.line};
    if (std::find(told.begin(), told.end(), key) != told.end()) continue;
    text += (told.empty() ? " " : "; ") + describe(thread);
    told.push_back(key);
  }
  throw KernelError(text);
}

void Machine::barrier(const char* file, int line) {
  const Unwatched unwatched;
  char& token = barrier_tokens_[barriers_ % 2];
  release(token);
  note_hidden_writes(*running_);
  if (++in_barrier_ < count_) {
    wait(State::kInBarrier, "__syncthreads", file, line);
  } else {
    for (std::size_t i = 0; i < count_; ++i) {
      Thread& other = *threads_[i];
      if (&other != running_ && (other.line != line || std::strcmp(other.file, file) != 0)) {
        throw KernelError(fmt::format(
            "threads of block ({}, {}, {}) meet in two barriers: {} is at {}:{}; {}", blockIdx.x,
            blockIdx.y, blockIdx.z, place(*running_), file, line, describe(other)));
      }
    }
    for (std::size_t i = 0; i < count_; ++i) threads_[i]->state = State::kReady;
    in_barrier_ = 0;
    ++barriers_;
  }
  acquire(token);
}

// Whether the thread leaves something to a barrier that products may not see: a copy that arrived and
// was not published, or was written again after that.
void Machine::note_hidden_writes(Thread& thread) {
  const bool hides =
      !thread.unpublished.empty() ||
      std::any_of(thread.published.begin(), thread.published.end(), [](const Arrival& arrival) {
        return std::memcmp(arrival.to, arrival.value.data(), arrival.value.size()) != 0;
      });
  thread.published.clear();
  if (hides != thread.hides_writes) hiding_ = hides ? hiding_ + 1 : hiding_ - 1;
  thread.hides_writes = hides;
}

void Machine::check_product(std::size_t n, const Matrices& matrices) {
  const unsigned warpgroup = running_->index / kWarpgroup;
  if (warpgroup >= matrices_.size()) throw KernelError("a product needs four whole warps");
  if (hiding_ > 0) {
    throw KernelError(
        "a product starts while some threads' writes are not published by fence.proxy.async");
  }
  std::vector<Matrices>& known = matrices_[warpgroup];
  if (n == known.size()) known.push_back(matrices);
  if (known[n] != matrices) {
    throw KernelError(fmt::format(
        "{} gives other matrices to a product than the rest of its warpgroup", place(*running_)));
  }
}

const Slot* Machine::meet(unsigned mask, const char* operation, const Slot& mine,
                          bool orders_memory, const char* file, int line) {
  const Unwatched unwatched;
  const unsigned own = 1u << lane();
  if ((mask & own) == 0) {
    throw KernelError(fmt::format("{} is not in the mask {:#010x} it gives to {} at {}:{}",
                                  place(*running_), mask, operation, file, line));
  }
  Warp& current = warp();
  Meeting* meeting = nullptr;
  for (Meeting& candidate : current.meetings) {
    if (candidate.open && candidate.mask == mask) meeting = &candidate;
  }
  if (meeting == nullptr) {
    while (current.meetings[current.next].open) current.next = (current.next + 1) % (2 * kWarp);
    meeting = &current.meetings[current.next];
    current.next = (current.next + 1) % (2 * kWarp);
    meeting->mask = mask;
    meeting->arrived = 0;
    meeting->open = true;
    meeting->operation = operation;
  } else if (std::strcmp(meeting->operation, operation) != 0) {
    throw KernelError(fmt::format("{} calls {} at {}:{} while lanes in its mask {:#010x} call {}",
                                  place(*running_), operation, file, line, mask,
                                  meeting->operation));
  }
  meeting->slots[lane()] = mine;
  meeting->arrived |= own;
  if (orders_memory) release(meeting->token);
  if (meeting->arrived != mask) {
    running_->wanted = mask;
    wait(State::kInMeeting, operation, file, line);
  } else {
    meeting->open = false;
    const std::size_t first = running_->index / kWarp * kWarp;
    for (std::size_t i = first; i < std::min(first + kWarp, count_); ++i) {
      if ((mask >> (i - first) & 1u) != 0) threads_[i]->state = State::kReady;
    }
  }
  if (orders_memory) acquire(meeting->token);
  return meeting->slots.data();
}

void* Machine::dynamic_shared() {
  const Unwatched unwatched;
  if (dynamic_shared_ == nullptr) dynamic_shared_ = arena_.take(shared_bytes_);
  return dynamic_shared_;
}

void* Machine::static_shared(const void* key, std::size_t bytes) {
  const Unwatched unwatched;
  for (const auto& [known, memory] : static_shared_) {
    if (known == key) return memory;
  }
  if (bytes > kSharedUnasked) {
    throw KernelError(
        fmt::format("{} bytes of static shared memory, {} are possible", bytes, kSharedUnasked));
  }
  static_shared_.emplace_back(key, arena_.take(bytes));
  return static_shared_.back().second;
}

}  // namespace

void launch(const void* kernel, dim3 grid, dim3 block, std::size_t shared_bytes,
            const std::function<void()>& body) {
  Machine::instance().launch(kernel, grid, block, shared_bytes, body);
}
void allow_shared_memory(const void* kernel, std::size_t bytes) {
  Machine::instance().allow(kernel, bytes);
}
void block_barrier(const char* file, int line) {
  Machine::instance().barrier(file, line);
}
std::size_t allowed_shared_memory(const void* kernel) {
  return Machine::instance().allowed(kernel);
}
const Slot* meet(unsigned mask, const char* operation, const Slot& mine, bool orders_memory,
                 const char* file, int line) {
  return Machine::instance().meet(mask, operation, mine, orders_memory, file, line);
}
unsigned lane() {
  return Machine::instance().running().index % kWarp;
}
void* dynamic_shared() {
  return Machine::instance().dynamic_shared();
}
void* static_shared(const void* key, std::size_t bytes) {
  return Machine::instance().static_shared(key, bytes);
}

void async_copy(void* to, const void* from, std::size_t copied, std::size_t total) {
  constexpr std::uintptr_t kMask = 15;
  if (((reinterpret_cast<std::uintptr_t>(to) | reinterpret_cast<std::uintptr_t>(from)) & kMask) !=
      0) {
    throw KernelError(
        fmt::format("an asynchronous copy from {} to {} is not aligned to 16 bytes", from, to));
  }
  std::memset(to, 0xFF, total);  // from now on it may arrive; watched: the kernel's own access
  const Unwatched unwatched;
  Machine::instance().running().copies.push_back({to, from, copied, total});
}

void async_commit() {
  const Unwatched unwatched;
  Thread& self = Machine::instance().running();
  self.groups.push_back(std::exchange(self.copies, {}));
}

void async_wait(int pending) {
  Thread& self = Machine::instance().running();
  for (;;) {
    std::vector<AsyncCopy> group;
    {
      const Unwatched unwatched;
      if (self.groups.size() <= static_cast<std::size_t>(pending)) return;
      group = std::move(self.groups.front());
      self.groups.pop_front();
    }
    // Watched: these are the kernel's own accesses.
    for (const AsyncCopy& copy : group) {
      std::memcpy(copy.to, copy.from, copy.copied);
      std::memset(static_cast<std::byte*>(copy.to) + copy.copied, 0, copy.total - copy.copied);
      const Unwatched unwatched;
      self.unpublished.push_back(copy.to);
    }
  }
}

void proxy_fence() {
  const Unwatched unwatched;
  Thread& self = Machine::instance().running();
  for (void* to : self.unpublished) {
    Arrival& arrival = self.published.emplace_back(Arrival{to, {}});
    std::memcpy(arrival.value.data(), to, arrival.value.size());
  }
  self.unpublished.clear();
}

SharedWindow shared_window() {
  const Unwatched unwatched;
  return Machine::instance().shared().window();
}
std::uint32_t shared_address(const void* memory) {
  return static_cast<std::uint32_t>(static_cast<const std::byte*>(memory) - shared_window().origin);
}
WarpgroupProducts& products() {
  return Machine::instance().running().products;
}
unsigned thread_index() {
  return Machine::instance().running().index;
}
void check_product(std::size_t n, const Matrices& matrices) {
  Machine::instance().check_product(n, matrices);
}

}  // namespace emulated
