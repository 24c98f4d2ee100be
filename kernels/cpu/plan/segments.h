// Cuts a plan into segments: neighbouring steps that run on the same number of images at a time.
#pragma once

#include <cstddef>
#include <vector>

#include "kernels/cpu/caches.h"
#include "kernels/plan.h"

namespace odin::cpu {

struct Segments {
  std::vector<int> images;           // by segment: how many run at a time, its subgroup
  std::vector<std::size_t> of_step;  // by step: its segment
  // Images that a worker carries through all segments together: the largest subgroup.
  int group = 1;
};

// Small maps of one image give the micro-kernel too few columns, and too little work for the
// weights that it must read. So steps on them take several images at once. The other steps take
// one, or few, so that its activations stay in the cache.
Segments cut_into_segments(const Plan& plan, const Blocks& blocks);

}  // namespace odin::cpu
