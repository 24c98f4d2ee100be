// What a call throws, in words.
#pragma once

#include <functional>
#include <string>

#include "kernels/error.h"

namespace odin::test {

// What error_of() returns where nothing was thrown.
inline constexpr const char* kNoError = "no error";

// The sentence of the Error that function(arguments...) throws, or kNoError. Whatever else it
// throws goes on.
template <class Function, class... Arguments>
std::string error_of(const Function& function, const Arguments&... arguments) {
  try {
    static_cast<void>(std::invoke(function, arguments...));
  } catch (const Error& error) {
    return error.what();
  }
  return kNoError;
}

}  // namespace odin::test
