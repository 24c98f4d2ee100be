// The results of a run as one web page, to be looked at: table, curves, histograms, images.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "eval/metrics/metrics.h"

namespace odin {

// All texts are UTF-8 as they are to be read; they are escaped for HTML, and bytes that are not
// UTF-8 are replaced.

// A line of the description of the run: {"Device", "cpu (avx512, 2 threads)"}.
struct HtmlFact {
  std::string name;
  std::string value;
};

// How one detector tells one out-of-distribution set from the in-distribution set.
struct HtmlDetector {
  std::string name;              // "Baseline", "ODIN"
  std::string settings;          // "T = 1000, magnitude 0.0014"; empty where it has none
  Metrics metrics;               // shown in the table
  std::optional<Metrics> paper;  // what the paper gives for this network, these sets and detector
  // Scores of single images, greater for what looks more in-distribution; infinite ones allowed.
  // The curve and the histogram are computed from them.
  std::span<const double> in;
  std::span<const double> out;
};

// One out-of-distribution set.
struct HtmlSet {
  std::string name;         // "Tiny-ImageNet (crop)"
  std::int64_t images = 0;  // that were scored
  std::vector<HtmlDetector>
      detectors;  // in the order shown, the same for every set: baseline first
};

// An out-of-distribution set that was asked for and is not there.
struct HtmlMissingSet {
  std::string name;     // "LSUN (crop)"
  std::string reason;   // "the folder 'D/LSUN' does not exist"
  std::string command;  // that fetches it: "fetch_data LSUN --data-dir D"; empty where none does
};

// What a search over ODIN's two parameters found.
struct HtmlSearch {
  std::string out_set;   // that it was tuned on
  std::string quantity;  // "FPR at TPR 95 % on the validation images"
  bool lower_is_better = true;
  std::vector<double> temperatures;  // rows
  std::vector<double> magnitudes;    // columns
  // (temperatures, magnitudes), row-major, fractions in 0..1; NaN where there is none.
  std::vector<double> values;
  std::size_t chosen_temperature = 0;  // row of the parameters chosen
  std::size_t chosen_magnitude = 0;    // its column
};

// An image of a contact sheet.
struct HtmlImage {
  std::vector<std::uint8_t> pixels;  // (3, 32, 32): red, green and blue planes
  double score = 0;
  std::string predicted;  // name of the class that the network takes it for
};

// The extreme images of one set by the score of one detector.
struct HtmlSheet {
  std::string set;       // "CIFAR-10"
  std::string detector;  // "ODIN"
  bool in_distribution = false;
  std::vector<HtmlImage> most_suspicious;   // the lowest scores, lowest first
  std::vector<HtmlImage> least_suspicious;  // the highest scores, highest first
};

// Everything that the page shows. What is empty is left out.
struct HtmlReport {
  std::string network;  // "DenseNet-BC-100"
  std::string in_set;   // "CIFAR-10"
  std::int64_t in_images = 0;
  std::optional<double> accuracy;  // fraction of the in-distribution images classified correctly
  std::string paper;               // where the paper's figures are from, if any are given
  std::vector<HtmlFact> facts;     // the rest of the description, in this order
  std::vector<HtmlSet> sets;
  std::vector<HtmlMissingSet> missing;
  std::vector<HtmlSearch> searches;
  std::vector<HtmlSheet> sheets;
};

// One self-contained page: its images and its style are in it, it asks nothing of the network and
// runs no script. The same report gives the same bytes. Throws Error where a detector lacks scores
// or has a NaN among them, where a search's values do not fit its grid, and for an image of another
// size than (3, 32, 32).
std::string to_html(const HtmlReport& report);

// Writes the page to index.html in `folder`, which is made where it is missing. Throws Error as
// to_html() does and where the file cannot be written; it is never left half written.
void write_html_report(const HtmlReport& report, const std::filesystem::path& folder);

}  // namespace odin
