#include "kernels/cpu/memory.h"

#include <cstdlib>
#include <cstring>
#include <limits>
#include <system_error>

#ifdef __linux__
#include <sched.h>
#include <sys/mman.h>
#endif

#include "kernels/error.h"

namespace odin::cpu {

FloatMemory::FloatMemory(std::size_t floats, bool zeroed) : size_(floats) {
  constexpr std::size_t kHugePage = std::size_t{2} << 20;
  const bool countable = floats <= std::numeric_limits<std::size_t>::max() / 2 / sizeof(float);
  std::size_t bytes = floats * sizeof(float);
  const std::size_t alignment = bytes >= kHugePage ? kHugePage : 64;
  bytes = (bytes + alignment - 1) / alignment * alignment;
  if (floats == 0) return;
  if (countable) data_.reset(static_cast<float*>(std::aligned_alloc(alignment, bytes)));
  require(data_ != nullptr, "there is not enough memory for {} MB; use a smaller batch",
          floats / (1000000 / sizeof(float)));
#ifdef __linux__
  if (alignment == kHugePage) madvise(data_.get(), bytes, MADV_HUGEPAGE);  // a wish, not a need
#endif
  if (zeroed) std::memset(data_.get(), 0, bytes);
}

void FloatMemory::Free::operator()(float* p) const {
  std::free(p);
}

WorkerPool::WorkerPool(int workers) {
  try {
    for (int w = 1; w < workers; ++w) threads_.emplace_back([this, w] { serve(w); });
  } catch (const std::system_error& error) {
    stop();
    fail("{} threads cannot be started ({}); ask for fewer", workers, error.what());
  }
}

WorkerPool::~WorkerPool() {
  stop();
}

void WorkerPool::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  start_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void WorkerPool::run(const std::function<void(int)>& job) {
  {
    const std::lock_guard lock(mutex_);
    job_ = &job;
    busy_ = static_cast<int>(threads_.size());
    ++generation_;
  }
  start_.notify_all();
  job(0);
  std::unique_lock lock(mutex_);
  done_.wait(lock, [this] { return busy_ == 0; });
}

void WorkerPool::serve(int worker) {
  unsigned long seen = 0;
  for (;;) {
    const std::function<void(int)>* job = nullptr;
    {
      std::unique_lock lock(mutex_);
      start_.wait(lock, [&] { return stop_ || generation_ != seen; });
      if (stop_) return;
      seen = generation_;
      job = job_;
    }
    (*job)(worker);
    const std::lock_guard lock(mutex_);
    if (--busy_ == 0) done_.notify_one();
  }
}

int available_cores() {
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
  const unsigned cores = std::thread::hardware_concurrency();
  return cores == 0 ? 1 : static_cast<int>(cores);
}

}  // namespace odin::cpu
