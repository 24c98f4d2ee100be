#include "kernels/thread_pool.h"

#include <system_error>
#include <utility>

#include "kernels/cores.h"
#include "kernels/cpu/openmp.h"
#include "kernels/error.h"

namespace odin {
namespace {

int threads_for(int threads) {
  require(threads >= 0, "{} threads are not possible; 0 takes all cores", threads);
  return threads == 0 ? default_threads() : threads;
}

// Waits for something that may happen at once, but not long. Between two layers a thread waits less
// than it takes to wake it.
template <class Happened>
void wait_a_little(Happened happened) {
  constexpr int kYields = 200;  // tens of microseconds if no other thread wants the core
  for (int i = 0; i < kYields && !happened(); ++i) std::this_thread::yield();
}

}  // namespace

WorkerThreads::WorkerThreads(int first, int count, const Body& body) {
  try {
    for (int worker = first; worker < first + count; ++worker) threads_.emplace_back(body, worker);
  } catch (const std::system_error& error) {
    stop();
    fail("{} threads cannot be started ({}); ask for fewer", first + count, error.what());
  }
}

WorkerThreads::~WorkerThreads() {
  stop();
}

void WorkerThreads::stop() {
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();
}

ThreadPool::ThreadPool(int threads)
    : workers_(1, threads_for(threads) - 1,
               [this](const std::stop_token& stop, int worker) { serve(stop, worker); }) {}

void ThreadPool::run_tasks(std::int64_t count, Call task, bool until_error) {
  task_ = task;
  count_ = count;
  until_error_ = until_error;
  next_ = 0;
  if (count > 1 && size() > 1) {
    run_on_all([this](int worker) { take_tasks(worker); });
  } else {
    take_tasks(0);  // a single task is not worth waking anybody for
  }
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

void ThreadPool::take_tasks(int worker) noexcept {
  const cpu::SingleThreadedOpenMp single;
  for (std::int64_t index = next_++; index < count_; index = next_++) {
    try {
      task_(index, worker);
    } catch (...) {
      const std::lock_guard lock(error_mutex_);
      if (!error_) error_ = std::current_exception();
      if (until_error_) next_ = count_;
    }
  }
}

void ThreadPool::call_on_all(Call job) {
  {
    const std::lock_guard lock(mutex_);
    job_ = job;
    busy_ = workers_.size();
    ++generation_;
  }
  start_.notify_all();
  job(0, 0);
  wait_a_little([this] { return busy_ == 0; });
  std::unique_lock lock(mutex_);
  done_.wait(lock, [this] { return busy_ == 0; });
}

void ThreadPool::serve(const std::stop_token& stop, int worker) {
  // std::condition_variable_any can wait for a stop itself, but takes twice as long to hand over.
  const std::stop_callback wake(stop, [this] {
    { const std::lock_guard lock(mutex_); }  // no thread is between its test and its wait
    start_.notify_all();
  });
  unsigned long seen = 0;
  for (;;) {
    wait_a_little([&] { return stop.stop_requested() || generation_ != seen; });
    Call job;
    {
      std::unique_lock lock(mutex_);
      start_.wait(lock, [&] { return stop.stop_requested() || generation_ != seen; });
      if (stop.stop_requested()) return;
      seen = generation_;
      job = job_;
    }
    job(0, worker);
    const std::lock_guard lock(mutex_);
    if (--busy_ == 0) done_.notify_one();
  }
}

}  // namespace odin
