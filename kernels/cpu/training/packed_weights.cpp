#include "kernels/cpu/training/packed_weights.h"

#include "kernels/cpu/convolution_task.h"
#include "kernels/cpu/winograd_choice.h"

namespace odin::cpu {
namespace {

// A multiple of every instruction set's rows: packed weights may be cut there.
constexpr std::int64_t kRowsApart = 12;
// Rows of weights that a thread packs at once, if there are more than a few.
constexpr int kPackedRows = 4 * kRowsApart;
constexpr std::int64_t kFewWeights = 20000;

}  // namespace

PackedWeights::PackedWeights(ConvolutionPass pass, const ConvolutionSizes& sizes,
                             ConvolutionAlgorithm algorithm, const KernelTable& kernels,
                             const float* weights, Scratch& memory, ThreadPool& pool)
    : winograd_(takes_winograd(sizes, algorithm)) {
  const WeightMatrix matrix = weight_matrix(pass, sizes, winograd_, weights);
  data_ = memory.floats(packed_floats(matrix, winograd_));
  // A few weights are packed sooner than another thread is awake.
  const int at_once = weight_elements(sizes) > kFewWeights ? kPackedRows : matrix.rows;
  pool.run_blocks(matrix.rows, at_once, [&](std::int64_t first, std::int64_t end, int) {
    WeightMatrix part = matrix;
    part.first_row = static_cast<int>(first);
    part.end_row = static_cast<int>(end);
    pack_matrix(kernels, part, winograd_, sizes.stride, data_);
  });
}

}  // namespace odin::cpu
