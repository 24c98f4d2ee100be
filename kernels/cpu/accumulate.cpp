#include "kernels/cpu/accumulate.h"

#include "kernels/cpu/multiversion.h"

namespace odin::cpu {
namespace {

ODIN_MULTIVERSION
void add(const float* from, float* to, std::int64_t n) {
  ODIN_INDEPENDENT
  for (std::int64_t i = 0; i < n; ++i) to[i] += from[i];
}

}  // namespace

void accumulate(const float* from, float* to, std::int64_t n) {
  add(from, to, n);
}

}  // namespace odin::cpu
