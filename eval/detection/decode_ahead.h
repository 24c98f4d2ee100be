// Decodes images ahead of their scoring.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "eval/detection/image_names.h"
#include "eval/image/fit.h"
#include "eval/image/image_file.h"
#include "kernels/thread_pool.h"

namespace odin {

struct DecodeOptions {
  ImageShape shape{};  // that images are fitted to
  ImageFit fit = ImageFit::kExact;
  JpegChroma jpeg_chroma = JpegChroma::kLinear;
  int threads = 1;
  std::int64_t most_ahead = 64;  // images that are decoded or being decoded, but not yet taken
};

// Images in the order of their names.
struct DecodedImages {
  std::vector<ImageName> names;      // one with a problem has no pixels
  std::vector<std::uint8_t> pixels;  // (images without a problem, channels, side, side)
};

class DecodeAhead {
 public:
  // Starts to ask for names and to decode. Both must outlive this object, which at its end requests
  // the interruption where there may be more names. Throws Error for fewer than one thread or
  // image, and if the system cannot start that many threads.
  DecodeAhead(ImageNames& names, Interruption& interruption, const DecodeOptions& options);
  DecodeAhead(const DecodeAhead&) = delete;
  DecodeAhead& operator=(const DecodeAhead&) = delete;

  // Waits for the next image, replaces `images` by it and by those after it that need no waiting,
  // at most `most` in all, and returns true; or returns false after the last one. Rethrows what
  // `names` throws. Images that cannot be used have a problem.
  bool take(std::int64_t most, DecodedImages& images);

 private:
  struct Slot {
    ImageName name;
    std::vector<std::uint8_t> pixels;
    bool ready = false;
  };

  Slot& slot_of(std::int64_t image) {
    return slots_[static_cast<std::size_t>(image) % slots_.size()];
  }
  void work(const std::stop_token& stop);
  // Takes the next name into its slot, once that is free. Returns none after the last name.
  std::optional<std::int64_t> take_name(const std::stop_token& stop);
  void decode(Slot& slot) const;

  ImageNames& names_;
  Interruption& interruption_;
  const DecodeOptions options_;

  // Held by the thread that waits for a name; before mutex_ where both are held.
  std::mutex asking_;
  std::mutex mutex_;  // guards all below but the content of slots that are not ready
  std::condition_variable_any changed_;
  std::vector<Slot> slots_;
  std::int64_t named_ = 0;  // images that have a name; written while both are held
  std::int64_t taken_ = 0;
  bool ended_ = false;  // there are no more names
  std::exception_ptr error_;
  std::optional<WorkerThreads> threads_;  // last: they end before what they use
};

}  // namespace odin
