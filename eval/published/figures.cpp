#include "eval/published/figures.h"

#include "eval/published/networks.h"

namespace odin {

std::optional<PublishedFigures> published_figures(const BenchmarkDefinition& benchmark,
                                                  std::string_view network, const std::string& set,
                                                  const Detector& detector, double magnitude) {
  // Higher is better: the released network, then the magnitude in use.
  int best_rank = -1;
  std::optional<PublishedFigures> best;
  for (const BenchmarkEdition& edition : benchmark.editions) {
    const PublishedNetworkFigures* published = edition.find(network);
    if (published == nullptr) continue;
    const auto of_set = published->figures.find(set);
    if (of_set == published->figures.end()) continue;
    const auto figures = of_set->second.find(std::string(detector.name));
    if (figures == of_set->second.end()) continue;
    const OdinParameters parameters{published->temperature.value_or(kAuthorsTemperature),
                                    published->magnitude_for(set).value_or(0)};
    const int rank =
        (published->another_network ? 0 : 2) + (parameters.magnitude == magnitude ? 1 : 0);
    if (rank <= best_rank) continue;
    best_rank = rank;
    best = PublishedFigures{edition.name, edition.source, published->another_network, parameters,
                            figures->second};
  }
  return best;
}

}  // namespace odin
