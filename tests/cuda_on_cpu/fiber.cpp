#include "tests/cuda_on_cpu/fiber.h"

#include <cstdint>
#include <new>

#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
extern "C" {
void* __tsan_get_current_fiber();
void* __tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void* fiber);
void __tsan_switch_to_fiber(void* fiber, unsigned flags);
}
#endif

namespace emulated {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kStack = 512 * 1024;  // sanitizers make frames large

// The fibers that the current switch leaves and enters; read on the other side.
thread_local Fiber* g_left = nullptr;
thread_local Fiber* g_entered = nullptr;

}  // namespace

#if defined(__x86_64__)
// Saves the registers that a function must keep and the stack pointer, and loads the other stack's.
// (swapcontext would do, but makes a system call each time.)
extern "C" void odin_switch_stack(void** save, void* load);
asm(R"(
.text
.globl odin_switch_stack
.type odin_switch_stack, @function
odin_switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size odin_switch_stack, .-odin_switch_stack
.section .note.GNU-stack,"",@progbits
.text
)");
#endif

Fiber::Fiber() {
#if defined(__SANITIZE_THREAD__)
  watched_thread_ = __tsan_get_current_fiber();
#endif
}

Fiber::Fiber(void (*entry)()) : entry_(entry) {
  void* memory = mmap(nullptr, kPage + kStack, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  memory_ = static_cast<std::byte*>(memory);
  mprotect(memory_, kPage, PROT_NONE);
  stack_ = memory_ + kPage;
  stack_size_ = kStack;
#if defined(__SANITIZE_THREAD__)
  watched_thread_ = __tsan_create_fiber(0);
#endif
#if defined(__x86_64__)
  // The stack looks as if start() had just been called by nobody: an empty return address, below it
  // start()'s address to return into, and below that six registers.
  auto* top = reinterpret_cast<void**>(memory_ + kPage + kStack);
  top[-1] = nullptr;
  top[-2] = reinterpret_cast<void*>(&Fiber::start);
  stack_pointer_ = top - 8;
#else
  getcontext(&context_);
  context_.uc_stack.ss_sp = memory_ + kPage;
  context_.uc_stack.ss_size = kStack;
  makecontext(&context_, &Fiber::start, 0);
#endif
}

Fiber::~Fiber() {
  if (memory_ == nullptr) return;
#if defined(__SANITIZE_ADDRESS__)
  __asan_unpoison_memory_region(memory_ + kPage, kStack);  // a function may still be running on it
#endif
#if defined(__SANITIZE_THREAD__)
  __tsan_destroy_fiber(watched_thread_);
#endif
  munmap(memory_, kPage + kStack);
}

void Fiber::start() {
  Fiber* self = g_entered;
  self->arrived();
  self->entry_();
}

void Fiber::arrived() {
#if defined(__SANITIZE_ADDRESS__)
  const void* left_stack = nullptr;
  std::size_t left_size = 0;
  __sanitizer_finish_switch_fiber(fake_stack_, &left_stack, &left_size);
  if (g_left->memory_ == nullptr) {  // now the borrowed stack is known
    g_left->stack_ = left_stack;
    g_left->stack_size_ = left_size;
  }
#endif
}

// ThreadSanitizer must judge the kernels, not the scheduler.
[[gnu::no_sanitize("thread")]] void Fiber::switch_to(Fiber& from, Fiber& to) {
  g_left = &from;
  g_entered = &to;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&from.fake_stack_, to.stack_, to.stack_size_);
#endif
#if defined(__SANITIZE_THREAD__)
  constexpr unsigned kOrdersNothing = 1;
  __tsan_switch_to_fiber(to.watched_thread_, kOrdersNothing);
#endif
#if defined(__x86_64__)
  odin_switch_stack(&from.stack_pointer_, to.stack_pointer_);
#else
  swapcontext(&from.context_, &to.context_);
#endif
  from.arrived();
}

}  // namespace emulated
