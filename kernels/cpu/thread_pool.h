// Shares the tasks of one operation out among threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <type_traits>

#include "kernels/cpu/memory.h"

namespace odin::cpu {

// The calling thread is one of the pool's threads. oneDNN runs on a single thread inside of tasks.
class ThreadPool {
 public:
  // `threads` = 0 takes available_cores(). Throws Error for a negative number.
  explicit ThreadPool(int threads);

  int size() const { return workers_.size(); }

  // Calls task(index, worker) once for every index in [0, count), in any order, `worker` in
  // [0, size()) being the thread it runs on, and returns when all are done. An exception of a task
  // is thrown again here, after the others. A task must not run tasks on its own pool, nor two
  // threads at once.
  template <class Task>
  void run(std::int64_t count, Task&& task) {
    using Pointer = std::add_pointer_t<std::remove_reference_t<Task>>;
    run_tasks(
        count,
        [](const void* context, std::int64_t index, int worker) {
          (*static_cast<Pointer>(const_cast<void*>(context)))(index, worker);
        },
        std::addressof(task));
  }

 private:
  using TaskFunction = void (*)(const void* context, std::int64_t index, int worker);

  void run_tasks(std::int64_t count, TaskFunction function, const void* context);
  void take_tasks(int worker) noexcept;

  WorkerPool workers_;

  // The current run.
  TaskFunction function_ = nullptr;
  const void* context_ = nullptr;
  std::int64_t count_ = 0;
  std::atomic<std::int64_t> next_ = 0;
  std::mutex error_mutex_;
  std::exception_ptr error_;
};

}  // namespace odin::cpu
