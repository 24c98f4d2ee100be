// Errors are exceptions that carry one sentence a user can act on.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace odin {

// Thrown for everything that is wrong with what we were given: files, shapes, values, devices.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& sentence) : std::runtime_error(sentence) {}
};

// Thrown where a device has too little memory for what was asked of it, so that the caller can try
// again with less.
class OutOfMemory : public Error {
 public:
  using Error::Error;
};

// Throws Error with a formatted sentence: what was expected, what was found, what to do.
template <class... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(fmt::format(format, std::forward<Args>(args)...));
}

template <class... Args>
void require(bool condition, fmt::format_string<Args...> format, Args&&... args) {
  if (!condition) [[unlikely]]
    fail(format, std::forward<Args>(args)...);
}

}  // namespace odin
