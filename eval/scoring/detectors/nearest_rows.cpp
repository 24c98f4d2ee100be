#include "eval/scoring/detectors/nearest_rows.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "kernels/cpu/multiply.h"
#include "kernels/cpu/multiversion.h"
#include "kernels/error.h"

namespace odin {
namespace {

// Rows of the bank, and images, whose products are computed at once: 64 KiB.
constexpr std::size_t kBankRows = 512;
constexpr std::size_t kImages = 32;

struct Candidate {
  float value;
  std::uint32_t place;
};

// The rows that may be among the `count` largest, of those that were seen so far.
class Candidates {
 public:
  Candidates(std::size_t count, float margin)
      : count_(count), margin_(margin), limit_(2 * count + 256) {}

  float threshold() const { return threshold_; }

  void add(float value, std::size_t place) {
    rows_.push_back({value, static_cast<std::uint32_t>(place)});
    if (rows_.size() >= limit_) shrink();
  }
  // Leaves out those that are known not to be among the largest.
  void shrink() {
    if (rows_.size() < count_) return;
    const auto last = rows_.begin() + static_cast<std::ptrdiff_t>(count_ - 1);
    std::ranges::nth_element(rows_, last, std::ranges::greater(), &Candidate::value);
    threshold_ = last->value - margin_;
    std::erase_if(rows_, [&](const Candidate& row) { return row.value < threshold_; });
    limit_ = std::max(limit_, 2 * rows_.size());
  }
  void places(std::vector<std::uint32_t>& places) {
    shrink();
    require(rows_.size() >= count_,
            "the bank of the detector's fit has values that are not finite");
    places.clear();
    for (const Candidate& row : rows_) places.push_back(row.place);
  }

 private:
  std::size_t count_;
  float margin_;
  std::size_t limit_;
  float threshold_ = -std::numeric_limits<float>::infinity();
  std::vector<Candidate> rows_;
};

// Replaces products (rows, images) by values: products scales + offsets, and says of each row
// whether one of its values is at least its image's threshold.
ODIN_MULTIVERSION void find_values(float* products, std::size_t rows, std::size_t images,
                                   const float* scales, const float* offsets,
                                   const float* thresholds, int* found) {
  for (std::size_t row = 0; row < rows; ++row) {
    float* const values = products + row * images;
    int any = 0;
    ODIN_INDEPENDENT
    for (std::size_t i = 0; i < images; ++i) {
      values[i] = values[i] * scales[row] + offsets[row];
      any |= static_cast<int>(values[i] >= thresholds[i]);
    }
    found[row] = any;
  }
}

// Twice the largest error of a value, so that no row with a true value among the `count` largest
// has a computed one below the count-th largest computed one less this. A float product of n
// numbers and their sum, in any order, is off by at most n u / (1 - n u) |z| |h_b| (Higham,
// "Accuracy and stability of numerical algorithms", section 3.1), with u = 2^-24. Rounding z,
// scales and offsets to floats, the product with the scale and the sum each add at most u; so does
// the rounding of this margin. The rest of 16 u is room for the rounding of doubles.
float margin_of(const BankSearch& search) {
  constexpr double kUnit = 0x1p-24;
  const double terms = static_cast<double>(search.width) + 16;
  return static_cast<float>(2.02 * terms * kUnit * search.largest_value);
}

double norm_of(std::span<const float> row) {
  double squares = 0;
  for (const float value : row) squares += static_cast<double>(value) * value;
  return std::sqrt(squares);
}

}  // namespace

double unit_scale(double norm) {
  return 1 / (norm + 1e-10);
}

std::vector<double> row_norms(std::span<const float> rows, std::size_t width) {
  std::vector<double> norms;
  norms.reserve(rows.size() / width);
  for (std::size_t begin = 0; begin < rows.size(); begin += width) {
    norms.push_back(norm_of(rows.subspan(begin, width)));
    require(norms.back() < 1e30,
            "the features of a training image are as large as {}: check the weights", norms.back());
  }
  return norms;
}

void require_neighbours(std::size_t neighbours, std::size_t images) {
  require(neighbours <= images, "{} nearest neighbours cannot be found among {} training images",
          neighbours, images);
}

BankSearch search_of(const NetworkOutputs& outputs, std::size_t count) {
  const auto width = static_cast<std::size_t>(outputs.feature_count);
  const auto bank = fitted_features(outputs.fit, "bank", width);
  const std::size_t rows = bank.size() / width;
  require_neighbours(count, rows);
  BankSearch search{.width = width,
                    .bank = bank,
                    .norms = fitted_numbers(outputs.fit, "norms", rows),
                    .count = count};
  require(std::ranges::all_of(search.norms, [](double norm) { return norm >= 0; }),
          "a norm of the detector's fit is negative");
  search.scales.reserve(rows);
  search.offsets.reserve(rows);
  return search;
}

void for_nearest_rows(const BankSearch& search, std::span<const float> features,
                      const std::function<void(std::size_t image, std::span<const double> unit,
                                               std::span<const std::uint32_t> places)>& use) {
  const std::size_t width = search.width;
  const std::size_t rows = search.bank.size() / width;
  const std::size_t images = features.size() / width;
  const std::size_t at_once = std::min(kImages, images);
  std::vector<double> units(at_once * width);
  std::vector<float> queries(units.size());
  std::vector<float> values(kBankRows * at_once);
  std::vector<int> found(kBankRows);
  std::vector<Candidates> candidates;
  std::vector<float> thresholds;
  std::vector<std::uint32_t> places;
  for (std::size_t first_image = 0; first_image < images; first_image += kImages) {
    const std::size_t count = std::min(kImages, images - first_image);
    for (std::size_t i = 0; i < count; ++i) {
      const auto row = features.subspan((first_image + i) * width, width);
      const double scale = unit_scale(norm_of(row));
      for (std::size_t k = 0; k < width; ++k) units[i * width + k] = scale * row[k];
    }
    std::ranges::copy(units, queries.begin());
    candidates.assign(count, Candidates(search.count, margin_of(search)));
    thresholds.assign(count, candidates[0].threshold());
    for (std::size_t first = 0; first < rows; first += kBankRows) {
      const std::size_t block = std::min(kBankRows, rows - first);
      // The bank first: 88 GFLOP/s of one core for 342 features, with the images first 50 to 68.
      cpu::multiply(static_cast<std::int64_t>(block), static_cast<std::int64_t>(count),
                    static_cast<std::int64_t>(width),
                    {search.bank.data() + first * width, static_cast<std::int64_t>(width)},
                    {queries.data(), static_cast<std::int64_t>(width), true}, 0, values.data(),
                    static_cast<std::int64_t>(count));
      find_values(values.data(), block, count, search.scales.data() + first,
                  search.offsets.data() + first, thresholds.data(), found.data());
      for (std::size_t row = 0; row < block; ++row) {
        if (found[row] == 0) continue;
        for (std::size_t i = 0; i < count; ++i) {
          const float value = values[row * count + i];
          if (!(value >= thresholds[i])) continue;
          candidates[i].add(value, first + row);
          thresholds[i] = candidates[i].threshold();
        }
      }
    }
    for (std::size_t i = 0; i < count; ++i) {
      candidates[i].places(places);
      use(first_image + i, std::span(units).subspan(i * width, width), places);
    }
  }
}

}  // namespace odin
