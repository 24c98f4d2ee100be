// Memory and threads of the CPU's plan executor.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace odin::cpu {

// Floats, aligned to a cache line and, where the system can, on huge pages: planes lie
// kilobytes apart, and with small pages nearly every access to another plane would miss the TLB.
class FloatMemory {
 public:
  FloatMemory() = default;
  // Throws Error where there is not enough memory.
  explicit FloatMemory(std::size_t floats, bool zeroed = true);

  float* data() const { return data_.get(); }
  std::size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(float* p) const;
  };
  std::unique_ptr<float[], Free> data_;
  std::size_t size_ = 0;
};

// Threads that wait between jobs. The calling thread is worker 0.
class WorkerPool {
 public:
  // Throws Error where the system cannot start that many.
  explicit WorkerPool(int workers);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  int size() const { return static_cast<int>(threads_.size()) + 1; }
  // job(worker) on every worker; returns when all have. A job must not throw.
  void run(const std::function<void(int)>& job);

 private:
  void serve(int worker);
  void stop();

  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable start_;
  std::condition_variable done_;
  const std::function<void(int)>* job_ = nullptr;
  unsigned long generation_ = 0;
  int busy_ = 0;
  bool stop_ = false;
};

// Cores that this process may use.
int available_cores();

}  // namespace odin::cpu
