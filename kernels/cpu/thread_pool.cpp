#include "kernels/cpu/thread_pool.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include <sched.h>

#include "kernels/cpu/openmp.h"
#include "kernels/error.h"

namespace odin::cpu {

int available_cores() {
  // A mask of the default size holds 1024 cores; larger machines need a larger one.
  for (int cores = CPU_SETSIZE; cores <= 1 << 20; cores *= 2) {
    cpu_set_t* const mask = CPU_ALLOC(cores);
    const std::size_t bytes = CPU_ALLOC_SIZE(cores);
    const bool known = mask != nullptr && sched_getaffinity(0, bytes, mask) == 0;
    const int count = known ? CPU_COUNT_S(bytes, mask) : 0;
    CPU_FREE(mask);
    if (known) return count;
  }
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

ThreadPool::ThreadPool(int threads) {
  require(threads >= 0, "{} threads are not possible; 0 takes all cores", threads);
  const int wanted = threads == 0 ? available_cores() : threads;
  workers_.reserve(static_cast<std::size_t>(wanted - 1));
  try {
    for (int worker = 1; worker < wanted; ++worker) {
      workers_.emplace_back([this, worker] { work(worker); });
    }
  } catch (const std::system_error& error) {
    stop();
    fail("{} threads cannot be started ({}); ask for fewer", wanted, error.what());
  }
}

ThreadPool::~ThreadPool() {
  stop();
}

void ThreadPool::stop() {
  stopping_ = true;
  ++runs_;
  runs_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::work(int worker) {
  const SingleThreadedOpenMp single;
  for (std::uint32_t seen = 0;; ++seen) {
    runs_.wait(seen);
    if (stopping_) return;
    take_tasks(worker);
    if (--busy_ == 0) busy_.notify_one();
  }
}

void ThreadPool::take_tasks(int worker) noexcept {
  for (std::int64_t index = next_++; index < count_; index = next_++) {
    try {
      function_(context_, index, worker);
    } catch (...) {
      const std::lock_guard lock(error_mutex_);
      if (!error_) error_ = std::current_exception();
    }
  }
}

void ThreadPool::run_tasks(std::int64_t count, TaskFunction function, void* context) {
  const SingleThreadedOpenMp single;
  const std::lock_guard lock(one_at_a_time_);
  function_ = function;
  context_ = context;
  count_ = count;
  next_ = 0;
  // A single task is not worth waking anybody for.
  const bool alone = workers_.empty() || count <= 1;
  if (!alone) {
    busy_ = static_cast<std::uint32_t>(workers_.size());
    ++runs_;
    runs_.notify_all();
  }
  take_tasks(0);
  if (!alone) {
    for (std::uint32_t busy = busy_; busy != 0; busy = busy_) busy_.wait(busy);
  }
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

}  // namespace odin::cpu
