// Which of several ways to do the same is the fastest.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kernels/error.h"

namespace odin::cuda {

template <class Way>
struct Fastest {
  std::optional<Way> way;  // none if there is none that works
  std::string failure;     // what the last one said that failed, if any
};

// Measures the ways by `milliseconds(way)`. One that throws Error is left out, since some engines
// of cuDNN fail only when they run; OutOfMemory is thrown on, since a smaller batch may help.
// `failure` is what is known before.
template <class Way, class Measure>
Fastest<Way> fastest_of(std::vector<Way> ways, std::string failure, Measure milliseconds) {
  Fastest<Way> found{std::nullopt, std::move(failure)};
  float least = 0;
  for (Way& way : ways) {
    float time = 0;
    try {
      time = milliseconds(std::as_const(way));
    } catch (const OutOfMemory&) {
      throw;
    } catch (const Error& e) {
      found.failure = e.what();
      continue;
    }
    if (found.way && time >= least) continue;
    least = time;
    found.way = std::move(way);
  }
  return found;
}

}  // namespace odin::cuda
