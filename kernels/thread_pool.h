// Threads: the one place that starts and joins them, and a pool that shares tasks out among them.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace odin {

// Threads that run in the background for as long as this object lives.
class WorkerThreads {
 public:
  using Body = std::function<void(const std::stop_token& stop, int worker)>;

  // Calls body(stop, worker) for every worker in [first, first + count), each on its own thread.
  // The body must not throw, and must return soon after a stop is requested. Throws Error if the
  // system cannot start that many threads, after those that it started have ended.
  WorkerThreads(int first, int count, const Body& body);
  // Requests a stop of all threads and waits until they have returned.
  ~WorkerThreads();
  WorkerThreads(const WorkerThreads&) = delete;
  WorkerThreads& operator=(const WorkerThreads&) = delete;

  int size() const { return static_cast<int>(threads_.size()); }

 private:
  void stop();

  std::vector<std::jthread> threads_;
};

// Threads that wait between runs. The calling thread works too: it is worker 0. oneDNN uses a
// single thread inside tasks.
class ThreadPool {
 public:
  // `threads` = 0 takes default_threads(). Throws Error for a negative number, and if the system
  // cannot start that many.
  explicit ThreadPool(int threads);

  int size() const { return workers_.size() + 1; }

  // Calls task(index, worker) once for every index in [0, count), in any order, and returns when
  // all are done; `worker` in [0, size()) is the thread that the task runs on. If tasks throw, one
  // of the exceptions is rethrown here after the other tasks have run. A task must not run tasks on
  // its own pool, and two threads must not use one pool at once.
  template <class Task>
  void run(std::int64_t count, Task&& task) {
    run_tasks(count, call_of(task), false);
  }
  // Cuts [0, n) into chunks of nearly the same size, of at most `most`, and as many for every
  // thread if n allows it: the cut depends on the number of threads. Calls task(first, end, worker)
  // once for each chunk, as run() does.
  template <class Task>
  void run_chunks(std::int64_t n, std::int64_t most, Task&& task) {
    const std::int64_t fewest = (n + most - 1) / most;
    const std::int64_t chunks = std::min(n, (fewest + size() - 1) / size() * size());
    run(chunks, [&](std::int64_t index, int worker) {
      task(index * n / chunks, (index + 1) * n / chunks, worker);
    });
  }
  // Cuts [0, n) into blocks of `size`, the last one perhaps smaller, whatever the number of
  // threads, so that sums over a block do not depend on it. Calls task(first, end, worker) once for
  // each block, as run() does.
  template <class Task>
  void run_blocks(std::int64_t n, std::int64_t size, Task&& task) {
    run((n + size - 1) / size, [&](std::int64_t index, int worker) {
      task(index * size, std::min(n, (index + 1) * size), worker);
    });
  }
  // As run(), but after an exception no further task begins.
  template <class Task>
  void run_until_error(std::int64_t count, Task&& task) {
    run_tasks(count, call_of(task), true);
  }
  // Calls job(worker) once on every thread of the pool. A job must not throw.
  template <class Job>
  void run_on_all(Job&& job) {
    const auto task = [&job](std::int64_t, int worker) { job(worker); };
    call_on_all(call_of(task));
  }

 private:
  // A task by reference: unlike std::function it never allocates.
  struct Call {
    void (*function)(const void* context, std::int64_t index, int worker) = nullptr;
    const void* context = nullptr;

    void operator()(std::int64_t index, int worker) const { function(context, index, worker); }
  };
  template <class Task>
  static Call call_of(Task& task) {
    return {[](const void* context, std::int64_t index, int worker) {
              (*static_cast<Task*>(const_cast<void*>(context)))(index, worker);
            },
            std::addressof(task)};
  }

  void run_tasks(std::int64_t count, Call task, bool until_error);
  void take_tasks(int worker) noexcept;
  void call_on_all(Call job);
  void serve(const std::stop_token& stop, int worker);

  // The current run.
  Call task_;
  std::int64_t count_ = 0;
  bool until_error_ = false;
  std::atomic<std::int64_t> next_ = 0;
  std::mutex error_mutex_;
  std::exception_ptr error_;

  std::mutex mutex_;  // guards what is below
  std::condition_variable start_;
  std::condition_variable done_;
  Call job_;
  std::atomic<unsigned long> generation_ = 0;
  std::atomic<int> busy_ = 0;
  WorkerThreads workers_;  // last: they end before what they use
};

}  // namespace odin
