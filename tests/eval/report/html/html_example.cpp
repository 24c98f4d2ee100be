#include "tests/eval/report/html/html_example.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>

#include <fmt/format.h>

#include "kernels/philox.h"

namespace odin::test {
namespace {

constexpr std::size_t kImages = 3000;

// Like a network's scores: near `ceiling` for most images, far below it for others.
std::vector<double> scores_like(double floor, double ceiling, double sureness, std::uint64_t seed) {
  std::vector<double> scores;
  for (std::size_t i = 0; i < kImages; ++i) {
    const double logit = sureness + 2 * philox_normal(seed, 0, i);
    scores.push_back(floor + (ceiling - floor) / (1 + std::exp(-logit)));
  }
  return scores;
}

std::vector<double> normal_scores(double mean, double deviation, std::uint64_t seed) {
  std::vector<double> scores;
  for (std::size_t i = 0; i < kImages; ++i) {
    scores.push_back(mean + deviation * philox_normal(seed, 0, i));
  }
  return scores;
}

// Coloured waves.
HtmlImage picture(int number, double score, const std::string& predicted) {
  HtmlImage image{{}, score, predicted};
  for (int c = 0; c < 3; ++c) {
    for (int y = 0; y < 32; ++y) {
      for (int x = 0; x < 32; ++x) {
        const double phase = number * (c + 1) * 0.7 + x * (0.1 + 0.02 * number) + y * 0.15 * c;
        image.pixels.push_back(static_cast<std::uint8_t>(127.5 + 127 * std::sin(phase)));
      }
    }
  }
  return image;
}

HtmlSheet sheet(const std::string& set, const std::string& name, bool in) {
  HtmlSheet sheet{set, "ODIN", in, {}, {}};
  const std::vector<std::string> classes{"airplane", "frog", "ship", "a class of a long name"};
  for (int i = 0; i < 12; ++i) {
    const std::string& predicted = classes[static_cast<std::size_t>(i) % classes.size()];
    sheet.most_suspicious.push_back(picture(i, 0.1000123 + i * 1e-6, predicted + name));
    sheet.least_suspicious.push_back(picture(i + 12, 0.1009876 - i * 1e-6, predicted + name));
  }
  return sheet;
}

HtmlSearch search(const std::string& out_set) {
  HtmlSearch search{out_set, "FPR at TPR 95 % on the held-out images", true, {}, {}, {}, 9, 7};
  search.temperatures = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000};
  for (int i = 0; i <= 20; ++i) search.magnitudes.push_back(i * 0.0002);
  for (int row = 0; row < 10; ++row) {
    for (int column = 0; column < 21; ++column) {
      const double x = (column - 7) / 9.0;
      search.values.push_back(0.05 + 0.03 * (9 - row) + 0.2 * x * x);
    }
  }
  search.values[5] = std::numeric_limits<double>::quiet_NaN();
  return search;
}

}  // namespace

void HtmlExample::add_set(const std::string& name, double shift, bool in_the_paper) {
  HtmlSet set{name, static_cast<std::int64_t>(kImages), {}};
  const auto add = [&](const std::string& detector, const std::string& settings,
                       std::optional<Metrics> paper, std::vector<double> in,
                       std::vector<double> out) {
    const auto& kept_in = scores_.emplace_back(std::move(in));
    const auto& kept_out = scores_.emplace_back(std::move(out));
    set.detectors.push_back({.name = detector,
                             .settings = settings,
                             .metrics = exact_metrics(kept_in, kept_out),
                             .paper = in_the_paper ? paper : std::nullopt,
                             .intervals = confidence_intervals(kept_in, kept_out),
                             .in = kept_in,
                             .out = kept_out});
  };
  add("Baseline", "", Metrics{0.347, 0.1, 0.953, 0.964, 0.938}, scores_like(0.1, 1, 3.5, 1),
      scores_like(0.1, 1, 3 - shift, 2));
  add("Maximum logit", "", {}, normal_scores(11, 2.5, 3), normal_scores(11 - 2 * shift, 2, 4));
  add("Energy", "T = 1", {}, normal_scores(11.2, 2.5, 5), normal_scores(11 - 2.2 * shift, 2, 6));
  add("ODIN", "T = 1000, magnitude 0.0014", Metrics{0.043, 0.047, 0.991, 0.991, 0.991},
      scores_like(0.1, 0.101, 1.5, 7), scores_like(0.1, 0.101, 1 - 2 * shift, 8));
  report.sets.push_back(std::move(set));
}

void HtmlExample::use_detectors(std::size_t count, const std::string& name) {
  for (HtmlSet& set : report.sets) {
    for (std::size_t i = set.detectors.size(); i < count; ++i) {
      HtmlDetector another = set.detectors[1 + i % 3];
      another.name = fmt::format("Another detector (option {}){}", i, name);
      another.metrics.auroc -= 0.001 * static_cast<double>(i);
      set.detectors.push_back(another);
    }
    for (std::size_t i = 0; i < count; ++i) {
      set.detectors[i].milliseconds = 0.0004 + 0.01 * static_cast<double>(i);
    }
  }
  report.average = report.sets[0];
  report.average->name = "Average";
  for (HtmlDetector& detector : report.average->detectors) detector.paper.reset();
  report.ranking.clear();
  for (std::size_t i = 0; i < count; ++i) {
    report.ranking.push_back({count - 1 - i, static_cast<int>(i) + 1, i < 4});
  }
  report.scatter = {0, 3};
}

HtmlExample::HtmlExample(const std::string& name) {
  report.network = "DenseNet-BC-100" + name;
  report.in_set = "CIFAR-10" + name;
  report.in_images = static_cast<std::int64_t>(kImages);
  report.accuracy = 0.9519;
  report.paper = "Liang, Li and Srikant, ICLR 2018, Table 2" + name;
  report.facts = {{"Metrics" + name, "exact"},
                  {"Device", "cpu (avx2, 2 threads)" + name},
                  {"Held-out images", "the first 1,000 of each set"},
                  {"Weights", "/somewhere/in/a/folder/with/a/long/name/densenet10.h5"}};
  add_set("Tiny-ImageNet (crop)" + name, 1.5, true);
  add_set("Gaussian noise" + name, 2.5, true);
  add_set("a_folder_of_mine_with_a_long_name_without_any_space_in_it" + name, -0.3, false);
  report.missing = {{"LSUN (crop)" + name, "the folder 'data/LSUN' does not exist" + name,
                     "fetch_data --data-dir data LSUN" + name},
                    {"iSUN" + name, "it holds no image", ""}};
  report.scatter = {0, 3};
  report.searches = {search("Tiny-ImageNet (crop)" + name), search("Gaussian noise")};
  report.sheets = {sheet("CIFAR-10" + name, name, true),
                   sheet("Tiny-ImageNet (crop)" + name, name, false)};
}

}  // namespace odin::test
