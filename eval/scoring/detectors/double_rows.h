// Products and distances of rows of numbers, in double. Their bits depend neither on how many rows
// are computed at once nor on the processor.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace odin {

// out (n, m) = offset (m) + rows (n, k) matrix (k, m), all row-major; k and m follow from the
// sizes, and n from those of rows and out. Every sum begins with the offset and goes in the order
// of k.
void multiply_rows(std::span<const double> rows, std::span<const double> matrix,
                   std::span<const double> offset, std::span<double> out);

// The transpose, (columns, rows), of a matrix (rows, columns).
std::vector<double> transposed(std::span<const float> matrix, std::size_t columns);

// sum_k (a_k - b_k)^2, sum_k (a_k - scale b_k)^2 and sum_k a_k b_k, of as many numbers as b has.
double squared_distance(std::span<const double> a, std::span<const double> b);
double squared_distance(std::span<const double> a, std::span<const float> b, double scale);
double inner_product(std::span<const double> a, std::span<const float> b);

}  // namespace odin
