// Why the operating system refused something.
#pragma once

#include <cerrno>
#include <string>
#include <system_error>

namespace odin {

// "No such file or directory", for the number of an error.
inline std::string system_reason(int error = errno) {
  return std::generic_category().message(error);
}

}  // namespace odin
