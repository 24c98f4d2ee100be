// OpenMP is oneDNN's runtime. Our own threads are those of kernels/thread_pool.h.
#pragma once

#include <omp.h>

namespace odin::cpu {

// Keeps oneDNN on the calling thread: it asks OpenMP for the number of threads.
class SingleThreadedOpenMp {
 public:
  SingleThreadedOpenMp() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
  ~SingleThreadedOpenMp() { omp_set_num_threads(before_); }
  SingleThreadedOpenMp(const SingleThreadedOpenMp&) = delete;
  SingleThreadedOpenMp& operator=(const SingleThreadedOpenMp&) = delete;

 private:
  int before_;
};

}  // namespace odin::cpu
