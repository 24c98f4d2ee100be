// A stack that can be switched to, with the annotations that the sanitizers ask for.
#pragma once

#include <cstddef>

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace emulated {

class Fiber {
 public:
  // The stack of whoever calls.
  Fiber();
  // A stack of its own, on which `entry` runs, and must never return, once it is switched to.
  explicit Fiber(void (*entry)());
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Leaves the running fiber, which must be `from`, and goes on in `to` where that was left.
  static void switch_to(Fiber& from, Fiber& to);

 private:
  static void start();
  void arrived();

  void (*entry_)() = nullptr;
  std::byte* memory_ = nullptr;  // guard page, then the stack; nullptr where the stack is borrowed
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
