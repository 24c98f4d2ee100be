// Appends formatted text.
#pragma once

#include <iterator>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace odin {

// Appends what fmt::format(format, args...) returns to `text`.
template <class... Args>
void append(std::string& text, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(text), format, std::forward<Args>(args)...);
}

}  // namespace odin
