#include "eval/image/codec.h"

#include <algorithm>
#include <cstring>
#include <exception>

namespace odin {

std::size_t InputStream::fill() {
  const std::size_t count = file_.read_some(offset_, buffer_.data(), buffer_.size());
  offset_ += static_cast<std::int64_t>(count);
  return count;
}

void GuardedCodec::raise(const char* text) {
  keep_message(text);
  std::longjmp(jump_, 1);
}

std::size_t GuardedCodec::fill() {
  try {
    const std::size_t count = stream_.fill();
    if (count == 0) keep_message("the file ends too early");
    return count;
  } catch (const std::exception& error) {
    keep_message(error.what());
    return 0;
  }
}

void GuardedCodec::keep_message(const char* text) {
  if (text == message_.data()) return;
  const std::size_t length = std::min(std::strlen(text), message_.size() - 1);
  std::copy_n(text, length, message_.data());
  message_[length] = '\0';
}

}  // namespace odin
