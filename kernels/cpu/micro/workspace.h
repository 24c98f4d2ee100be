// A kernel's workspace, cut into pieces.
#pragma once

#include "kernels/cpu/micro/simd.h"

namespace odin::cpu::ODIN_KERNELS {
namespace {

// Takes one piece after the other. Without a workspace every piece is null, and they are only
// counted.
class Pieces {
 public:
  explicit Pieces(float* workspace) : workspace_(workspace) {}

  // A piece that begins on a cache line. Kernels may read one vector past its end.
  float* take(long floats) {
    float* const here = workspace_ == nullptr ? nullptr : workspace_ + total_;
    total_ += padded(floats);
    return here;
  }
  // Floats of all pieces.
  long total() const { return total_; }

 private:
  float* workspace_;
  long total_ = 0;
};

// Floats of workspace that a task needs, if `space(task)` cuts it into pieces and has their total.
template <class Task, class SpaceOf>
long workspace_of(Task task, SpaceOf space) {
  task.workspace = nullptr;
  return space(task).total;
}

}  // namespace
}  // namespace odin::cpu::ODIN_KERNELS
