#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "eval/report/html/charts.h"
#include "eval/report/html/svg.h"
#include "kernels/error.h"

namespace odin {
namespace {

using Anchor = SvgPicture::Anchor;

constexpr double kWidth = 360;
constexpr double kLeft = 46;
constexpr double kRight = 352;
constexpr double kTop = 8;
constexpr double kRowHeight = 17;
constexpr double kScaleWidth = 120;  // of the colours' legend

// Five colours of cividis (Nunez, Anderton & Renslow, PLOS ONE 13(7), 2018), which looks the same
// with and without colour blindness and grows lighter throughout. 0 is the darkest.
std::string colour(double share) {
  constexpr std::array<std::array<double, 3>, 5> kStops{
      {{0, 34, 78}, {64, 77, 107}, {124, 123, 120}, {185, 172, 112}, {254, 232, 56}}};
  const double position = std::clamp(share, 0.0, 1.0) * (kStops.size() - 1);
  const auto below = std::min(static_cast<std::size_t>(position), kStops.size() - 2);
  const double part = position - static_cast<double>(below);
  const auto channel = [&](std::size_t c) {
    return std::lround(kStops[below][c] * (1 - part) + kStops[below + 1][c] * part);
  };
  return fmt::format("#{:02x}{:02x}{:02x}", channel(0), channel(1), channel(2));
}

// From the worst value to the best.
struct Scale {
  double worst = 0;
  double best = 0;

  double share(double value) const { return worst == best ? 1 : (value - worst) / (best - worst); }
};

Scale scale_of(const HtmlSearch& search) {
  double least = std::numeric_limits<double>::infinity();
  double greatest = -least;
  for (const double value : search.values) {
    if (std::isnan(value)) continue;
    least = std::min(least, value);
    greatest = std::max(greatest, value);
  }
  return search.lower_is_better ? Scale{greatest, least} : Scale{least, greatest};
}

std::string figure(double value) {
  return std::isnan(value) ? "none" : fmt::format("{:.1f} %", value * 100);
}

void draw_scale(SvgPicture& picture, const Scale& scale, double y) {
  constexpr int kSteps = 40;
  const double left = (kLeft + kRight - kScaleWidth) / 2;
  for (int i = 0; i < kSteps; ++i) {
    picture.rectangle({left + i * kScaleWidth / kSteps, y}, kScaleWidth / kSteps, 9, "cell",
                      colour((i + 0.5) / kSteps));
  }
  picture.text({left - 6, y + 8.5}, Anchor::kEnd, "worst " + figure(scale.worst), "tick");
  picture.text({left + kScaleWidth + 6, y + 8.5}, Anchor::kStart, "best " + figure(scale.best),
               "tick");
}

void validate(const HtmlSearch& search) {
  const std::size_t rows = search.temperatures.size();
  const std::size_t columns = search.magnitudes.size();
  require(rows > 0 && columns > 0 && search.values.size() == rows * columns &&
              search.chosen_temperature < rows && search.chosen_magnitude < columns,
          "a search over {} temperatures and {} magnitudes does not fit {} values with ({}, {}) "
          "chosen",
          rows, columns, search.values.size(), search.chosen_temperature, search.chosen_magnitude);
  require(std::any_of(search.values.begin(), search.values.end(),
                      [](double value) { return std::isfinite(value); }) &&
              std::none_of(search.values.begin(), search.values.end(),
                           [](double value) { return std::isinf(value); }),
          "a search has no finite value");
}

}  // namespace

std::string heat_map(const HtmlSearch& search, std::string_view id) {
  validate(search);
  const std::size_t rows = search.temperatures.size();
  const std::size_t columns = search.magnitudes.size();
  const double cell = (kRight - kLeft) / static_cast<double>(columns);
  const double bottom = kTop + static_cast<double>(rows) * kRowHeight;
  const Scale scale = scale_of(search);
  const auto corner = [&](std::size_t row, std::size_t column) {
    return SvgPoint{kLeft + static_cast<double>(column) * cell,
                    kTop + static_cast<double>(row) * kRowHeight};
  };
  const auto describe = [&](std::size_t row, std::size_t column) {
    return fmt::format("temperature {:g}, magnitude {:.6g}: {}", search.temperatures[row],
                       search.magnitudes[column], figure(search.values[row * columns + column]));
  };

  SvgPicture picture(kWidth, bottom + 66, id,
                     fmt::format("Search on {}: {}", search.out_set, search.quantity),
                     "Chosen: " + describe(search.chosen_temperature, search.chosen_magnitude));
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t column = 0; column < columns; ++column) {
      const double value = search.values[row * columns + column];
      picture.rectangle(corner(row, column), cell, kRowHeight,
                        std::isnan(value) ? "no-cell" : "cell",
                        std::isnan(value) ? "" : colour(scale.share(value)), describe(row, column));
    }
    picture.text({kLeft - 5, corner(row, 0).y + kRowHeight / 2 + 3.5}, Anchor::kEnd,
                 fmt::format("{:g}", search.temperatures[row]), "tick");
  }
  const auto every = static_cast<std::size_t>(std::ceil(44 / cell));  // label: no two may touch
  for (std::size_t column = 0; column < columns; column += every) {
    picture.text({corner(0, column).x + cell / 2, bottom + 13}, Anchor::kMiddle,
                 fmt::format("{:.4g}", search.magnitudes[column]), "tick");
  }
  const SvgPoint chosen = corner(search.chosen_temperature, search.chosen_magnitude);
  picture.rectangle(chosen, cell, kRowHeight, "frame-outside");
  picture.rectangle(chosen, cell, kRowHeight, "frame-inside");
  picture.text({(kLeft + kRight) / 2, bottom + 30}, Anchor::kMiddle, "magnitude", "label");
  picture.upward_text({12, (kTop + bottom) / 2}, "temperature", "label");
  draw_scale(picture, scale, bottom + 46);
  return picture.to_string();
}

}  // namespace odin
