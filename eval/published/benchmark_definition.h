// A benchmark: out-of-distribution sets, and the parameters and figures that were published for
// them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "eval/image/fit.h"
#include "eval/image/image_file.h"
#include "eval/metrics/metrics.h"
#include "eval/scoring/odin_parameters.h"

namespace odin {

// An out-of-distribution set of a benchmark.
struct BenchmarkSet {
  std::string name;   // as on the command line: "Imagenet"
  std::string title;  // in reports: "Tiny-ImageNet (crop)"
  // Data-set specifications with paths below the data folder: "folder:Imagenet". The first that
  // exists is taken.
  std::vector<std::string> places;
  ImageFit fit = ImageFit::kExact;  // how the benchmark fits its images to the network's
  JpegChroma jpeg_chroma = JpegChroma::kLinear;
  std::string fetch;  // what fetch_data calls it; empty where that does not have it
};

// What one publication did with one network.
struct PublishedNetworkFigures {
  std::string network;  // "densenet10"
  // The publication means another network than the one that was released under this name.
  bool another_network = false;
  std::optional<double> temperature;
  std::optional<double> magnitude;           // for every set
  std::map<std::string, double> magnitudes;  // by set; they go before `magnitude`
  // By set and detector ("odin"), as fractions. A figure that was not published has no value; the
  // detection error and the AUROC are NaN then.
  std::map<std::string, std::map<std::string, Metrics>> figures;

  // The magnitude for a set, if the publication has one.
  std::optional<double> magnitude_for(const std::string& set) const;
};

// An edition of a publication with figures.
struct BenchmarkEdition {
  std::string name;    // as on the command line: "v5"
  std::string source;  // for reports, in one line
  std::vector<PublishedNetworkFigures> networks;

  const PublishedNetworkFigures* find(std::string_view network) const;
};

struct BenchmarkDefinition {
  std::string title;
  std::vector<BenchmarkSet> sets;          // in the order of reports
  std::vector<BenchmarkEdition> editions;  // the one to prefer first

  const BenchmarkSet* find_set(std::string_view name) const;
  // Throws Error, which lists the names, for an unknown one.
  const BenchmarkEdition& edition(std::string_view name) const;
  std::vector<std::string> set_names() const;
};

// ODIN's parameters for a network and a set of the benchmark: those of the named edition or,
// without a name, of the first one that has a magnitude for the pair and means the released
// network. Empty if there is none. Throws Error for an unknown edition.
std::optional<OdinParameters> published_parameters(const BenchmarkDefinition& benchmark,
                                                   std::string_view network, const std::string& set,
                                                   std::string_view edition);

}  // namespace odin
