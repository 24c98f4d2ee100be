#include "eval/paper/paper_figures.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "eval/paper/authors_names.h"
#include "eval/scoring/detectors/registry.h"
#include "kernels/error.h"

namespace odin {
namespace {

// A row of the table in percent: FPR at TPR 95 %, detection error, AUROC, AUPR In, AUPR Out.
using Percentages = std::array<double, 5>;

struct FifthRow {
  std::string_view network;
  std::string_view out_set;
  Percentages baseline;
  Percentages odin;
};

// arXiv:1706.02690v5, Table 2, all figures as printed.
constexpr std::array<FifthRow, 12> kFifthEdition{{
    {"densenet10", "Imagenet", {34.7, 10, 95.3, 96.4, 93.8}, {4.3, 4.7, 99.1, 99.1, 99.1}},
    {"densenet10", "Imagenet_resize", {40.8, 11.5, 94.1, 95.1, 92.4}, {7.5, 6.1, 98.5, 98.6, 98.5}},
    {"densenet10", "LSUN", {39.3, 10.2, 94.8, 96, 93.1}, {11.4, 7.2, 97.9, 98, 97.9}},
    {"densenet10", "LSUN_resize", {33.6, 9.8, 95.4, 96.4, 94}, {3.8, 4.4, 99.2, 99.3, 99.2}},
    {"densenet10", "Uniform", {23.5, 5.3, 96.5, 97.8, 93}, {0, 0.5, 99, 100, 99}},
    {"densenet10", "Gaussian", {12.3, 4.7, 97.5, 98.3, 95.9}, {0, 0.2, 100, 100, 100}},
    {"densenet100", "Imagenet", {67.8, 36.4, 83, 85.3, 80.8}, {26.9, 12.9, 94.5, 94.7, 94.5}},
    {"densenet100", "Imagenet_resize", {82.2, 43.6, 70.4, 71.4, 68.6}, {57, 22.7, 85.5, 86, 84.8}},
    {"densenet100", "LSUN", {69.4, 37.2, 83.7, 86.2, 80.9}, {18.6, 9.7, 96.6, 96.8, 96.5}},
    {"densenet100", "LSUN_resize", {83.3, 44.1, 70.6, 72.5, 68}, {58, 22.3, 86, 87.1, 84.8}},
    {"densenet100", "Uniform", {100, 35.86, 43.1, 63.2, 41.9}, {100, 17.9, 99.5, 87.5, 65.1}},
    {"densenet100", "Gaussian", {100, 41.2, 30.6, 53.4, 37.6}, {100, 38, 40.5, 60.5, 40.9}},
}};

// Its magnitudes, from the caption of the table.
constexpr double kFifthMagnitudeCifar10 = 0.0014;
constexpr double kFifthMagnitudeCifar100 = 0.002;

struct EarlierRow {
  std::string_view network;
  std::string_view out_set;
  Percentages odin;
};

// ODIN's column in Table 2 before v5, as quoted by papers that compared with it after 2018. Every
// detection error is (5 + FPR) / 2. The DenseNet's FPRs on CIFAR-10 equal those of v5 wherever the
// magnitude is the same.
constexpr std::array<EarlierRow, 28> kEarlierEdition{{
    {"densenet10", "Imagenet", {4.3, 4.7, 99.1, 99.1, 99.1}},
    {"densenet10", "Imagenet_resize", {7.5, 6.3, 98.5, 98.6, 98.5}},
    {"densenet10", "LSUN", {8.7, 6.9, 98.2, 98.5, 97.8}},
    {"densenet10", "LSUN_resize", {3.8, 4.4, 99.2, 99.3, 99.2}},
    {"densenet10", "iSUN", {6.3, 5.7, 98.8, 98.9, 98.8}},
    {"densenet10", "Uniform", {0, 2.5, 99.9, 100, 99.9}},
    {"densenet10", "Gaussian", {0, 2.5, 100, 100, 100}},
    {"densenet100", "Imagenet", {17.3, 11.2, 97.1, 97.4, 96.8}},
    {"densenet100", "Imagenet_resize", {44.3, 24.6, 90.7, 91.4, 90.1}},
    {"densenet100", "LSUN", {17.6, 11.3, 96.8, 97.1, 96.5}},
    {"densenet100", "LSUN_resize", {44, 24.5, 91.5, 92.4, 90.6}},
    {"densenet100", "iSUN", {49.5, 27.2, 90.1, 91.1, 88.9}},
    {"densenet100", "Uniform", {0.5, 2.8, 99.5, 99.6, 99}},
    {"densenet100", "Gaussian", {0.2, 2.6, 99.6, 99.7, 99.1}},
    {"wideresnet10", "Imagenet", {23.4, 14.2, 94.2, 92.8, 94.7}},
    {"wideresnet10", "Imagenet_resize", {25.5, 15.2, 92.1, 89, 93.6}},
    {"wideresnet10", "LSUN", {21.8, 13.4, 95.9, 95.8, 95.5}},
    {"wideresnet10", "LSUN_resize", {17.6, 11.3, 95.4, 93.8, 96.1}},
    {"wideresnet10", "iSUN", {21.3, 13.2, 93.7, 91.2, 94.9}},
    {"wideresnet10", "Uniform", {0, 2.5, 100, 100, 100}},
    {"wideresnet10", "Gaussian", {0, 2.5, 100, 100, 100}},
    {"wideresnet100", "Imagenet", {43.9, 24.4, 90.8, 91.4, 90}},
    {"wideresnet100", "Imagenet_resize", {55.9, 30.4, 84, 82.8, 84.4}},
    {"wideresnet100", "LSUN", {39.6, 22.3, 92, 92.4, 91.6}},
    {"wideresnet100", "LSUN_resize", {56.5, 30.8, 86, 86.2, 84.9}},
    {"wideresnet100", "iSUN", {57.3, 31.1, 85.6, 85.9, 84.8}},
    {"wideresnet100", "Uniform", {0.1, 2.5, 99.1, 99.4, 97.5}},
    {"wideresnet100", "Gaussian", {1, 3, 98.5, 99.1, 95.9}},
}};

Metrics metrics_of(const Percentages& percentages) {
  // At most two decimals are printed, so this is the double nearest to the printed fraction.
  const auto fraction = [&](std::size_t i) { return std::round(percentages[i] * 100) / 10000; };
  return {fraction(0), fraction(1), fraction(2), fraction(3), fraction(4)};
}

template <class Rows>
const auto* find_row(const Rows& rows, std::string_view network, std::string_view out_set) {
  const auto row = std::ranges::find_if(
      rows, [&](const auto& r) { return r.network == network && r.out_set == out_set; });
  return row == rows.end() ? nullptr : &*row;
}

std::optional<PaperFigures> fifth_figures(std::string_view network, std::string_view out_set,
                                          const Detector& detector) {
  const FifthRow* row = find_row(kFifthEdition, network, out_set);
  if (row == nullptr) return {};
  const double magnitude =
      network == "densenet10" ? kFifthMagnitudeCifar10 : kFifthMagnitudeCifar100;
  return PaperFigures{PaperEdition::kFifth,
                      {kAuthorsTemperature, magnitude},
                      metrics_of(&detector == &detectors::kOdin ? row->odin : row->baseline)};
}

std::optional<PaperFigures> earlier_figures(std::string_view network, std::string_view out_set) {
  const EarlierRow* row = find_row(kEarlierEdition, network, out_set);
  if (row == nullptr) return {};
  const double magnitude = authors_magnitude(authors_network(network), authors_out_set(out_set));
  return PaperFigures{
      PaperEdition::kEarlier, {kAuthorsTemperature, magnitude}, metrics_of(row->odin)};
}

}  // namespace

std::optional<PaperFigures> paper_figures(std::string_view network, std::string_view out_set,
                                          const Detector& detector, double magnitude) {
  if (&detector == &detectors::kBaseline) return fifth_figures(network, out_set, detector);
  if (&detector != &detectors::kOdin) return {};
  const std::optional<PaperFigures> fifth = fifth_figures(network, out_set, detector);
  const std::optional<PaperFigures> earlier = earlier_figures(network, out_set);
  const auto fits = [&](const std::optional<PaperFigures>& figures) {
    return figures && figures->parameters.magnitude == magnitude;
  };
  return fits(fifth) || (fifth && !fits(earlier)) ? fifth : earlier;
}

std::string citation(const PaperFigures& figures) {
  return figures.edition == PaperEdition::kFifth
             ? "Liang, Li & Srikant, ICLR 2018, arXiv:1706.02690v5, Table 2"
             : "Liang, Li & Srikant, arXiv:1706.02690 before v5, Table 2, as quoted by others "
               "(detection error at TPR 95%)";
}

}  // namespace odin
