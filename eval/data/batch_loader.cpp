#include "eval/data/batch_loader.h"

#include <algorithm>

#include "kernels/error.h"

namespace odin {
namespace {

// Images that a thread reads at once: enough to make the hand-over cheap.
constexpr std::int64_t kChunk = 8;

}  // namespace

BatchLoader::BatchLoader(const Dataset& dataset, const BatchLoaderOptions& options)
    : dataset_(dataset), options_(options) {
  require(options.batch_size >= 1, "the batch size must be at least 1, but is {}",
          options.batch_size);
  require(options.threads >= 1, "at least one thread must read images, but there are {}",
          options.threads);
  batches_ = (dataset.size() + options.batch_size - 1) / options.batch_size;
  const std::int64_t ahead = options.threads * kChunk;
  const std::int64_t slots = 1 + (ahead + options.batch_size - 1) / options.batch_size;
  slots_.resize(static_cast<std::size_t>(std::min(slots, std::max<std::int64_t>(batches_, 1))));
  const std::int64_t largest = std::min(options.batch_size, dataset.size());
  const std::int64_t elements = dataset.shape().elements();
  for (Slot& slot : slots_) slot.images.resize(static_cast<std::size_t>(largest * elements));
  threads_.emplace(0, options.threads, [this](const std::stop_token& stop, int) { work(stop); });
}

std::optional<Batch> BatchLoader::next() {
  std::unique_lock lock(mutex_);
  if (delivered_ == batches_) return std::nullopt;
  const std::int64_t batch = delivered_;
  Slot& slot = slot_of(batch);
  changed_.wait(lock, [&] { return slot.batch == batch && slot.pending == 0; });
  if (slot.error) std::rethrow_exception(slot.error);
  ++delivered_;  // and so gives the slot of the batch before back
  changed_.notify_all();
  return Batch{batch * options_.batch_size, images_in(batch), slot.images.data()};
}

void BatchLoader::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  for (;;) {
    // The slot of the batch that the caller works on is not free.
    const auto in_use = [this] { return std::max<std::int64_t>(delivered_ - 1, 0); };
    const auto slots = static_cast<std::int64_t>(slots_.size());
    const bool ready = changed_.wait(
        lock, stop, [&] { return next_batch_ == batches_ || next_batch_ < in_use() + slots; });
    if (!ready || next_batch_ == batches_) return;

    const std::int64_t batch = next_batch_;
    const std::int64_t chunk = next_chunk_++;
    Slot& slot = slot_of(batch);
    if (chunk == 0) {
      slot.batch = batch;
      slot.pending = chunks_in(batch);
    }
    if (next_chunk_ == chunks_in(batch)) {
      ++next_batch_;
      next_chunk_ = 0;
    }

    lock.unlock();
    std::exception_ptr error;
    try {
      load(batch, chunk, slot.images.data());
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    if (error && (!slot.error || chunk < slot.failed_chunk)) {
      slot.error = error;
      slot.failed_chunk = chunk;
    }
    if (--slot.pending == 0) changed_.notify_all();
  }
}

void BatchLoader::load(std::int64_t batch, std::int64_t chunk, float* images) const {
  const std::int64_t begin = chunk * kChunk;
  const std::int64_t count = std::min(kChunk, images_in(batch) - begin);
  const std::int64_t elements = dataset_.shape().elements();
  const std::span<float> pixels(images + begin * elements,
                                static_cast<std::size_t>(count * elements));
  dataset_.read(batch * options_.batch_size + begin, count, pixels.data());
  if (options_.prepare) options_.prepare(pixels);
}

std::int64_t BatchLoader::images_in(std::int64_t batch) const {
  return std::min(options_.batch_size, dataset_.size() - batch * options_.batch_size);
}

std::int64_t BatchLoader::chunks_in(std::int64_t batch) const {
  return (images_in(batch) + kChunk - 1) / kChunk;
}

BatchLoader::Slot& BatchLoader::slot_of(std::int64_t batch) {
  return slots_[static_cast<std::size_t>(batch) % slots_.size()];
}

}  // namespace odin
