#include "eval/detection/decode_ahead.h"

#include <utility>

#include "kernels/error.h"

namespace odin {

DecodeAhead::DecodeAhead(ImageNames& names, Interruption& interruption,
                         const DecodeOptions& options)
    : names_(names), interruption_(interruption), options_(options) {
  require(options.threads >= 1, "at least one thread must decode images, but there are {}",
          options.threads);
  require(options.most_ahead >= 1, "at least one image must be decoded at a time, but there are {}",
          options.most_ahead);
  slots_.resize(static_cast<std::size_t>(options.most_ahead));
  for (Slot& slot : slots_) {
    slot.pixels.resize(static_cast<std::size_t>(options.shape.elements()));
  }
  threads_.emplace(0, options.threads, [this](const std::stop_token& stop, int) { work(stop); });
}

bool DecodeAhead::take(std::int64_t most, DecodedImages& images) {
  images.names.clear();
  images.pixels.clear();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return taken_ < named_ ? slot_of(taken_).ready : ended_; });
  if (taken_ == named_ && error_) std::rethrow_exception(error_);
  while (std::ssize(images.names) < most && taken_ < named_ && slot_of(taken_).ready) {
    Slot& slot = slot_of(taken_++);
    slot.ready = false;
    if (slot.name.problem.empty()) {
      images.pixels.insert(images.pixels.end(), slot.pixels.begin(), slot.pixels.end());
    }
    images.names.push_back(std::move(slot.name));
  }
  changed_.notify_all();
  return !images.names.empty();
}

void DecodeAhead::work(const std::stop_token& stop) {
  // A thread may wait for a name. Also while the constructor fails, where not all threads can be
  // started.
  const std::stop_callback wake(stop, [this] { interruption_.request(); });
  while (const std::optional<std::int64_t> image = take_name(stop)) {
    Slot& slot = slot_of(*image);
    if (slot.name.problem.empty()) decode(slot);
    const std::lock_guard lock(mutex_);
    slot.ready = true;
    changed_.notify_all();
  }
}

std::optional<std::int64_t> DecodeAhead::take_name(const std::stop_token& stop) {
  const std::lock_guard asking(asking_);
  {
    std::unique_lock lock(mutex_);
    const bool free =
        changed_.wait(lock, stop, [&] { return ended_ || named_ - taken_ < options_.most_ahead; });
    if (!free || ended_) return std::nullopt;
  }
  std::optional<ImageName> name;
  std::exception_ptr error;
  try {
    name = names_.next(interruption_);
  } catch (...) {
    error = std::current_exception();
  }
  const std::lock_guard lock(mutex_);
  if (!name) {
    ended_ = true;
    error_ = error;
    changed_.notify_all();
    return std::nullopt;
  }
  slot_of(named_).name = std::move(*name);
  return named_++;
}

void DecodeAhead::decode(Slot& slot) const {
  try {
    read_image_file(slot.name.file, options_.fit, options_.shape, slot.pixels.data(), {},
                    options_.jpeg_chroma);
  } catch (const std::exception& error) {
    slot.name.problem = error.what();
  }
}

}  // namespace odin
