// The place of everything that a plan computes in one piece of device memory.
#pragma once

#include <cstddef>
#include <vector>

#include "kernels/arena.h"
#include "kernels/cuda/conv/plan_convolution.h"
#include "kernels/cuda/plan/backward.h"
#include "kernels/cuda/runtime/view.h"

namespace odin::cuda {

// The passes that a batch runs.
enum class PlanPasses {
  kForward,    // one forward pass
  kGradient,   // a forward pass, its backward pass, then any number of other forward passes
  kGradients,  // the same with several backward passes
};

// The first forward pass keeps what the backward pass after it needs for its masks. In the other
// forward passes, buffers that are never alive together share memory.
enum class ForwardPass { kFirst, kOther };

class MemoryLayout {
 public:
  // `workspace` bytes are reserved for convolutions. `element` is the type of all buffers except
  // the image's, which is not part of the layout.
  MemoryLayout(const Plan& plan, const PlanBackward& backward, Element element, int images,
               PlanPasses passes, std::size_t workspace);

  int images() const { return images_; }
  // Bytes of the memory that `base` below points to.
  std::size_t size() const { return arena_.size(); }

  View activation(std::byte* base, ForwardPass pass, const PlanSlice& slice) const;
  // What a step that normalises for others writes besides its output.
  View normalised(std::byte* base, ForwardPass pass, std::size_t step) const;
  View gradient(std::byte* base, const PlanSlice& slice) const;
  // The masks of a step's ReLUs. The first forward pass writes them: the step, or that of its input
  // the one that normalises for it. Empty if it keeps none or if there is no backward pass.
  StepMasks masks(std::byte* base, std::size_t step) const;
  // Memory for the largest output that a step must mask itself.
  View masked(std::byte* base, const PlanSlice& slice) const;
  // The gradient of the logits, (images, classes) floats.
  float* logits_gradient(std::byte* base) const;
  // The input of the linear step as dense floats, (images, C, H, W); null if it has one pixel.
  float* flattened(std::byte* base) const;
  void* workspace(std::byte* base) const;
  std::size_t workspace_bytes() const { return workspace_bytes_; }

 private:
  class Lifetimes;
  struct MaskPlace {
    int block = -1;
    std::int64_t pitch = 0;
  };

  std::int64_t pitch(int channels) const;
  std::size_t pixels(const PlanSlice& slice) const;
  std::size_t bytes(const PlanSlice& slice) const;
  ReluMask mask(std::byte* base, const MaskPlace& place) const;
  View view(std::byte* data, const PlanSlice& slice, std::int64_t pitch) const;

  std::vector<PlanBuffer> buffers_;
  Element element_;
  int images_;
  Arena arena_{256};  // bytes: as device memory is aligned
  // Numbers of the arena's blocks.
  std::vector<int> first_;  // by buffer
  std::vector<int> other_;
  std::vector<int> gradients_;
  std::vector<int> normalised_first_;  // by step
  std::vector<int> normalised_other_;
  std::vector<PlanSlice> outputs_;
  std::vector<MaskPlace> input_masks_;  // by step
  std::vector<MaskPlace> output_masks_;
  int masked_ = -1;
  int logits_gradient_ = -1;
  int flattened_ = -1;
  int workspace_ = -1;
  std::size_t workspace_bytes_ = 0;
};

}  // namespace odin::cuda
