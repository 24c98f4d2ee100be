#include "kernels/cpu/thread_pool.h"

#include <utility>

#include "kernels/cpu/openmp.h"
#include "kernels/error.h"

namespace odin::cpu {
namespace {

int workers(int threads) {
  require(threads >= 0, "{} threads are not possible; 0 takes all cores", threads);
  return threads == 0 ? available_cores() : threads;
}

}  // namespace

ThreadPool::ThreadPool(int threads) : workers_(workers(threads)) {}

void ThreadPool::take_tasks(int worker) noexcept {
  const SingleThreadedOpenMp single;
  for (std::int64_t index = next_++; index < count_; index = next_++) {
    try {
      function_(context_, index, worker);
    } catch (...) {
      const std::lock_guard lock(error_mutex_);
      if (!error_) error_ = std::current_exception();
    }
  }
}

void ThreadPool::run_tasks(std::int64_t count, TaskFunction function, const void* context) {
  function_ = function;
  context_ = context;
  count_ = count;
  next_ = 0;
  if (count > 1 && size() > 1) {
    workers_.run([this](int worker) { take_tasks(worker); });
  } else {
    take_tasks(0);  // a single task is not worth waking anybody for
  }
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

}  // namespace odin::cpu
