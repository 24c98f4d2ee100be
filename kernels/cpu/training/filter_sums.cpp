#include "kernels/cpu/training/filter_sums.h"

#include <algorithm>

#include "kernels/cpu/accumulate.h"
#include "kernels/cpu/images.h"
#include "kernels/cpu/spans.h"
#include "kernels/cpu/winograd_choice.h"

namespace odin::cpu {
namespace {

constexpr auto kFloatBytes = static_cast<std::int64_t>(sizeof(float));
// Larger sums than this are not kept once for every part.
constexpr std::int64_t kSmallSums = 3 << 19;
// Bytes of all sums in parts.
constexpr std::int64_t kAllSums = 32 << 20;
// Bytes of the operands that the threads share: they should stay in the last cache.
constexpr std::int64_t kSharedOperands = 24 << 20;
// A depth of the products that is worth loading and storing a block of sums.
constexpr std::int64_t kDepth = 64;
constexpr std::int64_t kMostParts = 32;
// Pieces of the sums that threads finish.
constexpr std::int64_t kFinishedPieces = 16;

}  // namespace

FilterSums::FilterSums(const ConvolutionSizes& s, ConvolutionAlgorithm algorithm,
                       const Prologue& prologue, const KernelTable& kernels, FilterMemory& memory,
                       ThreadPool& pool)
    : sizes_(s), kernel_(kernels.filter), memory_(memory), pool_(pool) {
  memory_.workers.resize(static_cast<std::size_t>(pool.size()));
  task_.winograd = s.stride == 1 && takes_winograd(s, algorithm);
  task_.images = 1;
  task_.in_channels = static_cast<int>(s.in_channels);
  task_.in_height = static_cast<int>(s.height);
  task_.in_width = static_cast<int>(s.width);
  task_.out_channels = static_cast<int>(s.out_channels);
  task_.out_height = static_cast<int>(s.out_height);
  task_.out_width = static_cast<int>(s.out_width);
  task_.kernel = static_cast<int>(s.kernel_height);
  task_.stride = static_cast<int>(s.stride);
  task_.padding = static_cast<int>(s.padding);
  task_.pointwise = is_pointwise(s);
  if (prologue.scale != nullptr) {
    task_.load = Load::kNormalise;
    task_.scale = prologue.scale;
    task_.shift = prologue.shift;
  }
  const FilterSpace space = kernel_.space(task_);  // of one image
  sum_floats_ = space.sums;
  group_ = std::clamp<std::int64_t>(kDepth / space.depth, 1, s.images);
  const std::int64_t bytes = sum_floats_ * kFloatBytes;
  if (bytes <= kSmallSums || task_.pointwise) {
    parts_ = std::clamp<std::int64_t>(std::min(kAllSums / bytes, s.images / group_), 8, kMostParts);
    parts_ = std::min(parts_, s.images);
  } else {
    const std::int64_t image_bytes = (space.inputs + space.gradients) * kFloatBytes;
    group_ = std::clamp<std::int64_t>(kSharedOperands / image_bytes, group_, s.images);
  }
  sums_ = memory_.sums.floats(std::max<std::int64_t>(parts_, 1) * sum_floats_);
}

void FilterSums::place(FilterTask& task, Images<const float> x, Images<const float> dy,
                       std::int64_t first, std::int64_t images) const {
  task.images = static_cast<int>(images);
  task.in = planes_of(x + first, sizes_.height * sizes_.width);
  task.gradient = planes_of(dy + first, sizes_.out_height * sizes_.out_width);
}

float* FilterSums::clear_part(std::int64_t part) {
  float* const sums = sums_ + part * sum_floats_;
  std::fill_n(sums, sum_floats_, 0.0f);
  return sums;
}

void FilterSums::add_part(std::int64_t part, int worker, Images<const float> x,
                          Images<const float> dy) {
  FilterMemory::Worker& own = memory_.workers[static_cast<std::size_t>(worker)];
  FilterTask task = task_;
  task.sums = sums_ + part * sum_floats_;
  const std::int64_t end = first_image(part + 1);
  for (std::int64_t n = first_image(part); n < end; n += group_) {
    place(task, x, dy, n, std::min(group_, end - n));
    const FilterSpace space = kernel_.space(task);
    task.workspace = own.workspace.floats(space.workspace);
    task.inputs = own.inputs.floats(space.inputs);
    task.gradients = own.gradients.floats(space.gradients);
    kernel_.bring_inputs(task, 0, space.input_vectors);
    kernel_.bring_gradients(task, 0, space.gradient_vectors);
    kernel_.multiply(task, 0, space.places);
  }
}

void FilterSums::add_all(Images<const float> x, Images<const float> dy) {
  FilterTask task = task_;
  task.sums = sums_;
  for_each_span(pool_, {1, sum_floats_, sum_floats_},
                [&](std::int64_t, std::int64_t begin, std::int64_t end) {
                  std::fill(sums_ + begin, sums_ + end, 0.0f);
                });
  for (std::int64_t n = 0; n < sizes_.images; n += group_) {
    place(task, x, dy, n, std::min(group_, sizes_.images - n));
    const FilterSpace space = kernel_.space(task);
    task.inputs = memory_.inputs.floats(space.inputs);
    task.gradients = memory_.gradients.floats(space.gradients);
    pool_.run(space.input_vectors + space.gradient_vectors, [&](std::int64_t index, int worker) {
      FilterTask own = task;
      own.workspace =
          memory_.workers[static_cast<std::size_t>(worker)].workspace.floats(space.workspace);
      const int vector = static_cast<int>(index);
      if (vector < space.input_vectors) {
        kernel_.bring_inputs(own, vector, vector + 1);
      } else {
        kernel_.bring_gradients(own, vector - space.input_vectors,
                                vector - space.input_vectors + 1);
      }
    });
    pool_.run(space.places, [&](std::int64_t index, int) {
      kernel_.multiply(task, static_cast<int>(index), static_cast<int>(index) + 1);
    });
  }
}

void FilterSums::add_to(float* dw) {
  FilterTask task = task_;
  task.sums = sums_;
  const FilterSpace space = kernel_.space(task);
  // The sums are [place][row][...], and all places of a row are finished together.
  const std::int64_t rows = space.rows;
  const std::int64_t row_floats = sum_floats_ / (space.places * rows);
  const std::int64_t at_once = (rows + kFinishedPieces - 1) / kFinishedPieces;
  pool_.run_blocks(rows, at_once, [&](std::int64_t first, std::int64_t end, int) {
    for (std::int64_t place = 0; place < space.places; ++place) {
      float* const to = sums_ + (place * rows + first) * row_floats;
      for (std::int64_t part = 1; part < parts_; ++part) {
        accumulate(to + part * sum_floats_, to, (end - first) * row_floats);
      }
    }
    kernel_.finish(task, static_cast<int>(first), static_cast<int>(end), dw);
  });
}

}  // namespace odin::cpu
