// A stack to switch to, with the annotations that the sanitizers need.
#pragma once

#include <cstddef>

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace emulated {

class Fiber {
 public:
  // The caller's stack.
  Fiber();
  // A new stack. After the first switch to it, `entry` runs on it and must never return.
  explicit Fiber(void (*entry)());
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Leaves the running fiber, which must be `from`, and continues in `to` where that was left.
  static void switch_to(Fiber& from, Fiber& to);

 private:
  static void start();
  void arrived();

  void (*entry_)() = nullptr;
  std::byte* memory_ = nullptr;  // guard page, then the stack; nullptr if the stack is borrowed
  const void* stack_ = nullptr;
  std::size_t stack_size_ = 0;
  void* fake_stack_ = nullptr;      // AddressSanitizer's
  void* watched_thread_ = nullptr;  // ThreadSanitizer's
#if defined(__x86_64__)
  void* stack_pointer_ = nullptr;
#else
  ucontext_t context_{};
#endif
};

}  // namespace emulated
