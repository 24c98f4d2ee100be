#include "tests/cuda_on_cpu/machine.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <tuple>

#include <fmt/format.h>

#include "tests/cuda_on_cpu/cuda_runtime.h"
#include "tests/cuda_on_cpu/unwatched.h"

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace emulated {
namespace {

constexpr std::size_t kMostThreads = 1024;

// Whatever precedes a release happened before whatever follows an acquire of the same token.
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

}  // namespace

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
        if (shared_.next_block()) {  // its memory is used again: all earlier blocks are done
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
    threads_.clear();  // some are still in the middle of the kernel
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

// The main function of every fiber: one block's work each time it is resumed from kFinished.
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

void Machine::report_stuck() const {
  std::string text = fmt::format("block ({}, {}, {}) of {} threads is stuck:", blockIdx.x,
                                 blockIdx.y, blockIdx.z, count_);
  // The first thread of every different state is enough.
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

// Notes whether the thread reaches a barrier with something that products may not see: a copy that
// arrived and was not published, or was overwritten after that.
void Machine::note_hidden_writes(Thread& thread) {
  const bool hides =
      !thread.unpublished.empty() ||
      std::any_of(thread.published.begin(), thread.published.end(), [](const Arrival& arrival) {
        return std::memcmp(arrival.to, arrival.value.data(), arrival.bytes) != 0;
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
  } else if (meeting->operation != operation && std::strcmp(meeting->operation, operation) != 0) {
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
  if (dynamic_shared_ == nullptr) dynamic_shared_ = shared_.take(shared_bytes_);
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
  static_shared_.emplace_back(key, shared_.take(bytes));
  return static_shared_.back().second;
}

}  // namespace emulated
