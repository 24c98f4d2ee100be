// Independent pieces of work, spread over the machine's cores.
#pragma once

#include <cstddef>
#include <functional>

namespace odin {

// Calls body(i) once for every i in [0, count), in any order, on as many threads as there are
// cores; returns when all are done. After an exception no further piece is begun, and it is
// rethrown here.
void parallel_for(std::size_t count, const std::function<void(std::size_t)>& body);

}  // namespace odin
