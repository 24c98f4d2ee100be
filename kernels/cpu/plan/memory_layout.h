// The place of everything that a plan computes in a worker's memory.
#pragma once

#include <cstddef>
#include <vector>

#include "kernels/cpu/plan/segments.h"
#include "kernels/plan.h"

namespace odin::cpu {

// A slice's planes: plane c of image i begins at offset + i image + c plane, in floats.
struct PlacedPlanes {
  std::size_t offset = 0;
  long image = 0;
  long plane = 0;
  // Image i is the i-th of the group. Otherwise it is the i-th of the subgroup that its segment
  // runs on, and the next subgroup uses the same memory.
  bool whole_group = false;
};

// A ReLU's mask for every image of the group, in words counted from where the masks begin.
struct PlacedMask {
  std::size_t offset = 0;
  long image = 0;
  long plane = 0;
};

// A worker's memory is divided into the buffers' values, masks and workspace. A buffer's gradient
// later takes the place of its values: a lifetime in steps is the same in both directions.
class MemoryLayout {
 public:
  // `lanes` is the number of floats in a vector, `word_bytes` the size of the mask of one.
  MemoryLayout(const Plan& plan, const Segments& segments, int lanes, int word_bytes);

  PlacedPlanes planes(const PlanSlice& slice) const;
  // Memory for one more mask, of an element that a step reads or writes.
  PlacedMask add_mask(const PlanSlice& slice);
  // Steps share one workspace, as large as the largest asked for.
  void need_workspace(long floats);

  // In floats from the beginning of a worker's memory.
  std::size_t masks_begin() const;
  std::size_t workspace_begin() const;
  std::size_t size() const { return workspace_begin() + workspace_floats_; }

 private:
  std::vector<PlanBuffer> buffers_;
  int group_;
  int lanes_;
  int word_bytes_;
  struct Place {
    std::size_t offset = 0;
    bool whole_group = false;
  };
  std::vector<Place> places_;  // by buffer
  std::size_t buffer_floats_ = 0;
  std::size_t mask_words_ = 0;
  std::size_t workspace_floats_ = 0;
};

}  // namespace odin::cpu
