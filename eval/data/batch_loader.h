// Images in batches, read ahead of the computation.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "eval/data/dataset.h"
#include "kernels/thread_pool.h"

namespace odin {

struct BatchLoaderOptions {
  std::int64_t batch_size = 64;
  int threads = 1;  // that read, next to the caller's
  // The reading threads call this with the pixels (n, channels, side, side), in 0..1, of some
  // images of a batch, to change them in place. Several calls may run at once. If empty, pixels
  // stay as they are.
  std::function<void(std::span<float>)> prepare = {};
};

// Images [begin, begin + count) of a data set.
struct Batch {
  std::int64_t begin = 0;
  std::int64_t count = 0;
  const float* images =
      nullptr;  // (count, channels, side, side), row-major, as `prepare` left them
};

// Goes through a data set once, in order. While the caller works on one batch, threads prepare the
// next ones: at least one batch, and with small batches enough to keep every thread busy. Memory
// holds these batches, not the data set. The number of threads does not change the images.
class BatchLoader {
 public:
  // Starts reading. `dataset` must outlive the loader. Throws Error for a batch size or a number of
  // threads below one.
  BatchLoader(const Dataset& dataset, const BatchLoaderOptions& options);
  BatchLoader(const BatchLoader&) = delete;
  BatchLoader& operator=(const BatchLoader&) = delete;

  // The next batch, valid until the next call, or nothing after the last one. All batches except
  // the last have the full batch size. Rethrows the error of the first image of the batch that
  // could not be read, and again in every later call. Only one thread may call it at a time.
  std::optional<Batch> next();

 private:
  struct Slot {
    std::vector<float> images;
    std::int64_t batch = -1;   // in the slot, or being loaded into it
    std::int64_t pending = 0;  // chunks not yet done
    std::int64_t failed_chunk = 0;
    std::exception_ptr error;  // of the first chunk that failed
  };

  std::int64_t images_in(std::int64_t batch) const;
  std::int64_t chunks_in(std::int64_t batch) const;
  Slot& slot_of(std::int64_t batch);
  void work(const std::stop_token& stop);
  void load(std::int64_t batch, std::int64_t chunk, float* images) const;

  const Dataset& dataset_;
  const BatchLoaderOptions options_;
  std::int64_t batches_ = 0;

  std::mutex mutex_;  // guards all below but the images of a slot in work
  std::condition_variable_any changed_;
  std::vector<Slot> slots_;
  std::int64_t next_batch_ = 0;  // the batch of the next chunk to load
  std::int64_t next_chunk_ = 0;
  std::int64_t delivered_ = 0;            // batches given to the caller
  std::optional<WorkerThreads> threads_;  // last: they end before what they use
};

}  // namespace odin
