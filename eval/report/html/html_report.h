// The results of a run as one web page: table, curves, histograms, images.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "eval/metrics/confidence.h"
#include "eval/metrics/metrics.h"
#include "nn/image_shape.h"

namespace odin {

// All texts are plain UTF-8. They are escaped for HTML, and bytes that are not UTF-8 are replaced.

// A line of the description of the run: {"Device", "cpu (avx512, 2 threads)"}.
struct HtmlFact {
  std::string name;
  std::string value;
};

// How one detector separates one out-of-distribution set from the in-distribution set.
struct HtmlDetector {
  std::string name;              // "Baseline", "ODIN"
  std::string settings;          // "T = 1000, magnitude 0.0014"; empty if it has none
  Metrics metrics;               // in the table
  std::optional<Metrics> paper;  // in the paper, for this network, these sets and this detector
  MetricIntervals intervals{};   // 95 % confidence intervals of the metrics
  // Scores of single images; greater means more in-distribution. Infinite scores are allowed. The
  // curve and the histogram are computed from them.
  std::span<const double> in;
  std::span<const double> out;
  std::optional<double> milliseconds{};  // that it costs for an image
};

// One out-of-distribution set.
struct HtmlSet {
  std::string name;         // "Tiny-ImageNet (crop)"
  std::int64_t images = 0;  // number of scored images
  std::vector<HtmlDetector>
      detectors;  // in the order shown, the same for every set: baseline first
};

// An out-of-distribution set that was asked for but is missing.
struct HtmlMissingSet {
  std::string name;     // "LSUN (crop)"
  std::string reason;   // "the folder 'D/LSUN' does not exist"
  std::string command;  // that fetches it: "fetch_data LSUN --data-dir D"; empty if unknown
};

// The results of a search over ODIN's two parameters.
struct HtmlSearch {
  std::string out_set;   // tuned on
  std::string quantity;  // "FPR at TPR 95 % on the held-out images"
  bool lower_is_better = true;
  std::vector<double> temperatures;  // rows
  std::vector<double> magnitudes;    // columns
  // (temperatures, magnitudes), row-major, fractions in 0..1; NaN if undefined.
  std::vector<double> values;
  std::size_t chosen_temperature = 0;  // row of the chosen parameters
  std::size_t chosen_magnitude = 0;    // its column
};

// An image of a contact sheet.
struct HtmlImage {
  std::vector<std::uint8_t> pixels;  // (channels, side, side): grey, or red, green and blue planes
  double score = 0;
  std::string predicted;  // name of the predicted class
  ImageShape shape{};
};

// The extreme images of one set by the score of one detector.
struct HtmlSheet {
  std::string set;       // "CIFAR-10"
  std::string detector;  // "ODIN"
  bool in_distribution = false;
  std::vector<HtmlImage> most_suspicious;   // the lowest scores, lowest first
  std::vector<HtmlImage> least_suspicious;  // the highest scores, highest first
};

// One of many detectors.
struct HtmlRank {
  std::size_t detector = 0;  // its index in every set
  int rank = 0;              // from 1
  bool shown = false;        // whether its curves are shown at first
};

// Everything on the page. Empty parts are left out.
struct HtmlReport {
  std::string network;  // "DenseNet-BC-100"
  std::string in_set;   // "CIFAR-10"
  std::int64_t in_images = 0;
  std::optional<double> accuracy;  // fraction of the in-distribution images classified correctly
  std::string paper;               // source of the paper's figures, if any
  std::vector<HtmlFact> facts;     // the rest of the description, in this order
  PositiveClass positive = PositiveClass::kIn;  // of the FPRs
  // The averages over the sets, without scores; nothing for one set.
  std::optional<HtmlSet> average{};
  std::vector<HtmlSet> sets;
  // All detectors, the best first, where they are many. One table then compares them, and the
  // reader of the page chooses whose curves and histograms it shows. Empty where all are shown.
  std::vector<HtmlRank> ranking{};
  // Two detectors whose scores are drawn against each other, if any.
  std::optional<std::array<std::size_t, 2>> scatter{};
  std::vector<HtmlMissingSet> missing;
  std::vector<std::string> notes{};  // a sentence each, below the table of results
  std::vector<HtmlSearch> searches;
  std::vector<HtmlSheet> sheets;
};

// One self-contained page: it includes its images and its style, loads nothing from the network and
// runs no script. The same report gives the same bytes. Throws Error if a detector has no scores or
// a NaN among them, if a search's values do not fit its grid, and for an image that is not (3, 32,
// 32).
std::string to_html(const HtmlReport& report);

// Writes the page to index.html in `folder`, which is created if it is missing. Throws Error as
// to_html() does and if the file cannot be written; it is never left half written.
void write_html_report(const HtmlReport& report, const std::filesystem::path& folder);

}  // namespace odin
