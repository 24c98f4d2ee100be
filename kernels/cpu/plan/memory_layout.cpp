#include "kernels/cpu/plan/memory_layout.h"

#include <algorithm>

#include "kernels/arena.h"
#include "kernels/as_size.h"
#include "kernels/cpu/memory.h"

namespace odin::cpu {
namespace {

long plane_stride(const PlanBuffer& buffer) {
  return static_cast<long>(padded_plane(std::int64_t{buffer.height} * buffer.width));
}

// By buffer: from the first to the last step that reads or writes it.
std::vector<Lifetime> lifetimes_of(const Plan& plan) {
  std::vector<Lifetime> lifetimes(plan.buffers.size());
  const auto extend = [&](const PlanSlice& slice, std::size_t step) {
    lifetimes[as_size(slice.buffer)].extend(static_cast<int>(step));
  };
  extend(plan.input, 0);
  for (std::size_t s = 0; s < plan.steps.size(); ++s) {
    extend(input_of(plan.steps[s]), s);
    if (const PlanSlice* output = output_of(plan.steps[s])) extend(*output, s);
    if (const PlanSlice* residual = residual_of(plan.steps[s])) extend(*residual, s);
  }
  return lifetimes;
}

}  // namespace

MemoryLayout::MemoryLayout(const Plan& plan, const Segments& segments, int lanes, int word_bytes)
    : buffers_(plan.buffers), group_(segments.group), lanes_(lanes), word_bytes_(word_bytes) {
  const auto segment = [&](int step) { return segments.of_step[as_size(step)]; };
  const int steps = static_cast<int>(plan.steps.size());
  Arena arena(kCacheLine);
  std::vector<int> blocks;  // by buffer, -1 if it is not used
  for (const Lifetime& used : lifetimes_of(plan)) {
    const std::size_t buffer = blocks.size();
    places_.emplace_back();
    if (used.empty()) {
      blocks.push_back(-1);
      continue;
    }
    Lifetime life = used;
    const std::size_t first = segment(used.first);
    const std::size_t last = segment(used.last);
    const bool whole_group = first != last;
    if (whole_group) {
      // When one subgroup has gone through a segment, the others still need the buffer there.
      while (life.first > 0 && segment(life.first - 1) == first) --life.first;
      while (life.last + 1 < steps && segment(life.last + 1) == last) ++life.last;
    }
    const int images = whole_group ? group_ : segments.images[first];
    const std::size_t floats = as_size(plane_stride(buffers_[buffer])) *
                               as_size(buffers_[buffer].channels) * as_size(images);
    places_[buffer].whole_group = whole_group;
    blocks.push_back(arena.add(floats, life));
  }
  arena.plan();
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    if (blocks[b] >= 0) places_[b].offset = arena.offset(blocks[b]);
  }
  buffer_floats_ = arena.size();
}

PlacedPlanes MemoryLayout::planes(const PlanSlice& slice) const {
  const PlanBuffer& buffer = buffers_[as_size(slice.buffer)];
  const Place& place = places_[as_size(slice.buffer)];
  const long plane = plane_stride(buffer);
  return {place.offset + as_size(plane) * as_size(slice.begin), plane * buffer.channels, plane,
          place.whole_group};
}

PlacedMask MemoryLayout::add_mask(const PlanSlice& slice) {
  const PlanBuffer& buffer = buffers_[as_size(slice.buffer)];
  PlacedMask mask;
  mask.offset = mask_words_;
  mask.plane = (static_cast<long>(buffer.height) * buffer.width + lanes_ - 1) / lanes_;
  mask.image = mask.plane * slice.channels;
  mask_words_ += as_size(mask.image) * as_size(group_);
  return mask;
}

void MemoryLayout::need_workspace(long floats) {
  workspace_floats_ = std::max(workspace_floats_, as_size(floats));
}

std::size_t MemoryLayout::masks_begin() const {
  return whole_lines(buffer_floats_);
}

std::size_t MemoryLayout::workspace_begin() const {
  const std::size_t bytes = mask_words_ * as_size(word_bytes_);
  return whole_lines(masks_begin() + (bytes + sizeof(float) - 1) / sizeof(float));
}

}  // namespace odin::cpu
