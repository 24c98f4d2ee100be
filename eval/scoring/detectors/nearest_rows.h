// Searching a bank of training images' features, exactly: float products find the candidates, and
// the caller computes what it needs of these again in double.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "eval/scoring/detector.h"

namespace odin {

// Features are compared once normalised, as in the code published with k nearest neighbours: z = h
// / (|h| + 1e-10). The factor of h:
double unit_scale(double norm);

// |h| of every row of (n, width). Throws Error if one is so large that products of floats might
// overflow.
std::vector<double> row_norms(std::span<const float> rows, std::size_t width);

// Throws Error if there are fewer training images than nearest neighbours are asked for.
void require_neighbours(std::size_t neighbours, std::size_t images);

// What to search for: the rows b of the bank with the `count` largest scales[b] (z . h_b) +
// offsets[b], for the normalised features z of an image.
struct BankSearch {
  std::size_t width;
  std::span<const float> bank;    // (n, width)
  std::span<const double> norms;  // (n), of its rows
  std::size_t count;              // at most n
  std::vector<float> scales{};    // (n)
  std::vector<float> offsets{};   // (n)
  double largest_value = 0;       // of |scales[b]| |h_b| + |offsets[b]|, at least
};
// For the fit's `bank` and `norms`; the rest is to be filled in. Throws Error if they do not fit
// the outputs.
BankSearch search_of(const NetworkOutputs& outputs, std::size_t count);

// Finds, for every row of features (images, width), a set of rows of the bank that holds those
// searched for, and calls use(image, z, places). The set may hold others, which depend on the
// images: the result of `use` must not depend on them. Throws Error if a feature is not finite.
void for_nearest_rows(const BankSearch& search, std::span<const float> features,
                      const std::function<void(std::size_t image, std::span<const double> unit,
                                               std::span<const std::uint32_t> places)>& use);

}  // namespace odin
