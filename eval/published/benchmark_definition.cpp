#include "eval/published/benchmark_definition.h"

#include <algorithm>

#include "eval/published/networks.h"
#include "kernels/error.h"

namespace odin {

std::optional<double> PublishedNetworkFigures::magnitude_for(const std::string& set) const {
  const auto found = magnitudes.find(set);
  return found == magnitudes.end() ? magnitude : found->second;
}

const PublishedNetworkFigures* BenchmarkEdition::find(std::string_view network) const {
  const auto found = std::ranges::find(networks, network, &PublishedNetworkFigures::network);
  return found == networks.end() ? nullptr : &*found;
}

const BenchmarkSet* BenchmarkDefinition::find_set(std::string_view name) const {
  const auto found = std::ranges::find(sets, name, &BenchmarkSet::name);
  return found == sets.end() ? nullptr : &*found;
}

const BenchmarkEdition& BenchmarkDefinition::edition(std::string_view name) const {
  const auto found = std::ranges::find(editions, name, &BenchmarkEdition::name);
  if (found != editions.end()) return *found;
  require(!editions.empty(),
          "\"{}\" has no editions with published figures, but --edition {} was given", title, name);
  std::vector<std::string> names;
  for (const BenchmarkEdition& edition : editions) names.push_back(edition.name);
  fail("\"{}\" has no edition \"{}\": use {}", title, name, fmt::join(names, " or "));
}

std::vector<std::string> BenchmarkDefinition::set_names() const {
  std::vector<std::string> names;
  for (const BenchmarkSet& set : sets) names.push_back(set.name);
  return names;
}

std::optional<OdinParameters> published_parameters(const BenchmarkDefinition& benchmark,
                                                   std::string_view network, const std::string& set,
                                                   std::string_view edition) {
  const BenchmarkEdition* only = edition.empty() ? nullptr : &benchmark.edition(edition);
  for (const BenchmarkEdition& candidate : benchmark.editions) {
    if (only != nullptr && only != &candidate) continue;
    const PublishedNetworkFigures* published = candidate.find(network);
    if (published == nullptr || (only == nullptr && published->another_network)) continue;
    if (const std::optional<double> magnitude = published->magnitude_for(set)) {
      return OdinParameters{published->temperature.value_or(kAuthorsTemperature), *magnitude};
    }
  }
  return {};
}

}  // namespace odin
