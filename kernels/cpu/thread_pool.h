// A fixed set of threads that share out the tasks of one operation.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace odin::cpu {

// The cores that this process may use: those of its affinity mask.
int available_cores();

// The calling thread is one of the pool's threads. oneDNN runs on a single thread inside of tasks.
class ThreadPool {
 public:
  // `threads` = 0 takes available_cores(). Throws Error for a negative number, and for more than
  // the system can start.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls task(index, worker) once for every index in [0, count), in any order, `worker` in
  // [0, size()) being the thread it runs on, and returns when all are done. An exception of a task
  // is thrown again here, after the others. One thread at a time runs tasks on a pool, others wait
  // for it; a task must not run tasks on its own pool.
  template <class Task>
  void run(std::int64_t count, Task&& task) {
    using Pointer = std::add_pointer_t<std::remove_reference_t<Task>>;
    run_tasks(
        count,
        [](void* context, std::int64_t index, int worker) {
          (*static_cast<Pointer>(context))(index, worker);
        },
        &task);
  }

 private:
  using TaskFunction = void (*)(void* context, std::int64_t index, int worker);

  void run_tasks(std::int64_t count, TaskFunction function, void* context);
  void take_tasks(int worker) noexcept;
  void work(int worker);
  void stop();

  std::vector<std::thread> workers_;
  std::mutex one_at_a_time_;

  // The tasks of the current run.
  TaskFunction function_ = nullptr;
  void* context_ = nullptr;
  std::int64_t count_ = 0;
  std::atomic<std::int64_t> next_ = 0;
  std::mutex error_mutex_;
  std::exception_ptr error_;

  std::atomic<std::uint32_t> runs_ = 0;  // rises when a run starts
  std::atomic<std::uint32_t> busy_ = 0;  // workers that have not finished the current run
  bool stopping_ = false;
};

}  // namespace odin::cpu
