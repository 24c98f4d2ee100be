#include "eval/scoring/detectors/double_rows.h"

#include <algorithm>
#include <cstring>

#include "kernels/cpu/multiversion.h"
#include "kernels/error.h"

namespace odin {
namespace {

// Columns of a tile: two vectors of eight doubles, each one register of AVX-512.
constexpr std::size_t kLanes = 8;
constexpr std::size_t kColumns = 2 * kLanes;
using Vector __attribute__((vector_size(kLanes * sizeof(double)), may_alias)) = double;

// A tile of `Rows` rows and kColumns columns.
template <std::size_t Rows>
[[gnu::always_inline]] inline void multiply_tile(const double* rows, std::size_t depth,
                                                 const double* matrix, std::size_t leading,
                                                 const double* offset, double* out) {
  Vector sums[Rows][2];
  for (std::size_t r = 0; r < Rows; ++r) std::memcpy(sums[r], offset, sizeof(sums[r]));
  for (std::size_t k = 0; k < depth; ++k) {
    Vector line[2];
    std::memcpy(line, matrix + k * leading, sizeof(line));
    for (std::size_t r = 0; r < Rows; ++r) {
      sums[r][0] += rows[r * depth + k] * line[0];
      sums[r][1] += rows[r * depth + k] * line[1];
    }
  }
  for (std::size_t r = 0; r < Rows; ++r) std::memcpy(out + r * kColumns, sums[r], sizeof(sums[r]));
}

// All rows of kColumns columns, to out (n, kColumns).
ODIN_MULTIVERSION void multiply_panel(const double* rows, std::size_t count, std::size_t depth,
                                      const double* matrix, std::size_t leading,
                                      const double* offset, double* out) {
  std::size_t row = 0;
  for (; row + 4 <= count; row += 4) {
    multiply_tile<4>(rows + row * depth, depth, matrix, leading, offset, out + row * kColumns);
  }
  for (; row < count; ++row) {
    multiply_tile<1>(rows + row * depth, depth, matrix, leading, offset, out + row * kColumns);
  }
}

// In eight sums, which any processor can add at once.
template <class Term>
[[gnu::always_inline]] inline double sum_of(std::size_t count, const Term& term) {
  double sums[kLanes] = {};
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) sums[lane] += term(i + lane);
  }
  for (; i < count; ++i) sums[i % kLanes] += term(i);
  return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

ODIN_MULTIVERSION double distance_of(const double* a, const double* b, std::size_t count) {
  return sum_of(count, [&](std::size_t i) { return (a[i] - b[i]) * (a[i] - b[i]); });
}

ODIN_MULTIVERSION double scaled_distance(const double* a, const float* b, std::size_t count,
                                         double scale) {
  return sum_of(count, [&](std::size_t i) {
    const double difference = a[i] - scale * static_cast<double>(b[i]);
    return difference * difference;
  });
}

ODIN_MULTIVERSION double product_of(const double* a, const float* b, std::size_t count) {
  return sum_of(count, [&](std::size_t i) { return a[i] * static_cast<double>(b[i]); });
}

}  // namespace

void multiply_rows(std::span<const double> rows, std::span<const double> matrix,
                   std::span<const double> offset, std::span<double> out) {
  const std::size_t columns = offset.size();
  require(columns > 0 && matrix.size() % columns == 0 && out.size() % columns == 0,
          "{} values are no matrix of {} columns, or {} are not", matrix.size(), columns,
          out.size());
  const std::size_t depth = matrix.size() / columns;
  const std::size_t count = out.size() / columns;
  require(rows.size() == count * depth, "{} values are not {} rows of {}", rows.size(), count,
          depth);
  std::vector<double> panel(count * kColumns);
  std::vector<double> last;  // columns, with zeros beside them, and their offsets
  for (std::size_t first = 0; first < columns; first += kColumns) {
    const std::size_t width = std::min(kColumns, columns - first);
    if (width == kColumns) {
      multiply_panel(rows.data(), count, depth, matrix.data() + first, columns,
                     offset.data() + first, panel.data());
    } else {
      last.assign((depth + 1) * kColumns, 0);
      for (std::size_t k = 0; k < depth; ++k) {
        std::copy_n(matrix.data() + k * columns + first, width, last.data() + k * kColumns);
      }
      double* const offsets = last.data() + depth * kColumns;
      std::copy_n(offset.data() + first, width, offsets);
      multiply_panel(rows.data(), count, depth, last.data(), kColumns, offsets, panel.data());
    }
    for (std::size_t row = 0; row < count; ++row) {
      std::copy_n(panel.data() + row * kColumns, width, out.data() + row * columns + first);
    }
  }
}

std::vector<double> transposed(std::span<const float> matrix, std::size_t columns) {
  const std::size_t rows = matrix.size() / columns;
  std::vector<double> turned(matrix.size());
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) turned[c * rows + r] = matrix[r * columns + c];
  }
  return turned;
}

double squared_distance(std::span<const double> a, std::span<const double> b) {
  return distance_of(a.data(), b.data(), b.size());
}

double squared_distance(std::span<const double> a, std::span<const float> b, double scale) {
  return scaled_distance(a.data(), b.data(), b.size(), scale);
}

double inner_product(std::span<const double> a, std::span<const float> b) {
  return product_of(a.data(), b.data(), b.size());
}

}  // namespace odin
