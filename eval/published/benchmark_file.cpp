#include "eval/published/benchmark_file.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "eval/data/spec.h"
#include "eval/metrics/figures.h"
#include "eval/published/bundled_benchmarks.h"
#include "eval/scoring/detectors/registry.h"
#include "kernels/error.h"
#include "weights/files/input_file.h"
#include "weights/files/json_text.h"
#include "weights/files/paths.h"
#include "weights/files/printable.h"

namespace odin {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kLargestFile = std::int64_t{1} << 20;
constexpr std::size_t kLongestText = 300;

// A value of the file, and where it is: "net.json: sets[2].places".
struct Place {
  const Json& value;
  std::string path;

  [[noreturn]] void fail_expecting(std::string_view what) const {
    fail("{}: {} is expected, not {}", path, what, value.type_name());
  }
  std::string text() const {
    if (!value.is_string()) fail_expecting("a text");
    const auto found = value.get<std::string>();
    require(!found.empty(), "{} is empty", path);
    require(found.size() <= kLongestText, "{} has {} bytes, but at most {} are taken", path,
            found.size(), kLongestText);
    const std::string shown = printable(found, 4 * kLongestText, Characters::kUtf8);
    require(shown == found, "{} has characters that cannot be printed: {}", path, shown);
    return found;
  }
  // What `find` gives for the text. It throws Error for a name that it does not know.
  template <class Find>
  auto named(const Find& find) const {
    const std::string name = text();
    try {
      return find(name);
    } catch (const Error& error) {
      fail("{}: {}", path, error.what());
    }
  }
  double number(double least, double most) const {
    if (!value.is_number()) fail_expecting("a number");
    const auto found = value.get<double>();
    require(found >= least && found <= most, "{} is {}, but must be in {} to {}", path, found,
            least, most);
    return found;
  }
  bool yes_or_no() const {
    if (!value.is_boolean()) fail_expecting("true or false");
    return value.get<bool>();
  }
  // Each element of a list.
  std::vector<Place> elements() const {
    if (!value.is_array()) fail_expecting("a list");
    std::vector<Place> all;
    for (std::size_t i = 0; i < value.size(); ++i) {
      all.push_back({value[i], fmt::format("{}[{}]", path, i)});
    }
    return all;
  }
  // Each member of an object, with its name.
  std::vector<std::pair<std::string, Place>> members() const {
    if (!value.is_object()) fail_expecting("an object");
    std::vector<std::pair<std::string, Place>> all;
    for (const auto& [name, member] : value.items()) {
      all.push_back({name, {member, fmt::format("{}: {}", path, printable(name))}});
    }
    return all;
  }
  // An object's member, if it is there.
  std::optional<Place> find(const std::string& name) const {
    if (!value.is_object()) fail_expecting("an object");
    const auto found = value.find(name);
    if (found == value.end()) return {};
    return Place{*found, fmt::format("{}: {}", path, name)};
  }
  Place at(const std::string& name) const {
    if (std::optional<Place> found = find(name)) return *found;
    fail("{} has no \"{}\"", path, name);
  }
  // Throws Error if an object has a member of another name: a misspelt one must not be ignored.
  void require_only(std::initializer_list<std::string_view> names) const {
    for (const auto& [name, member] : members()) {
      require(std::ranges::find(names, name) != names.end(), "{} is not a member here: use {}",
              member.path, fmt::join(names, ", "));
    }
  }
};

// Throws Error if two elements have the same name.
template <class Entries, class Name>
void require_distinct(const Entries& entries, Name Entries::value_type::*name,
                      const std::string& path) {
  for (auto i = entries.begin(); i != entries.end(); ++i) {
    require(
        std::find_if(entries.begin(), i, [&](const auto& e) { return e.*name == (*i).*name; }) == i,
        "{} has \"{}\" twice", path, (*i).*name);
  }
}

BenchmarkSet read_set(const Place& object) {
  object.require_only({"name", "title", "places", "fit", "jpeg_chroma", "fetch"});
  BenchmarkSet set;
  set.name = object.at("name").text();
  set.title = object.find("title") ? object.at("title").text() : set.name;
  for (const Place& place : object.at("places").elements()) {
    place.named(parse_dataset_spec);
    set.places.push_back(place.text());
  }
  require(!set.places.empty(), "{} has no places", object.path);
  require(set.name != "all", "{}: \"all\" stands for all sets and cannot be the name of one",
          object.path);
  if (const auto fit = object.find("fit")) set.fit = fit->named(image_fit);
  if (const auto chroma = object.find("jpeg_chroma")) set.jpeg_chroma = chroma->named(jpeg_chroma);
  if (const std::optional<Place> fetch = object.find("fetch")) set.fetch = fetch->text();
  return set;
}

// The metrics in the order of an edition's list "figures".
using FigureOrder = std::vector<std::size_t>;

FigureOrder read_order(const Place& list) {
  FigureOrder order;
  for (const Place& element : list.elements()) {
    const std::string key = element.text();
    const auto found = std::ranges::find(kMetricFigures, key, &MetricFigure::key);
    if (found == kMetricFigures.end()) {
      std::vector<std::string_view> keys;
      for (const MetricFigure& figure : kMetricFigures) keys.push_back(figure.key);
      fail("{}: there is no figure \"{}\": use {}", element.path, key, fmt::join(keys, ", "));
    }
    order.push_back(static_cast<std::size_t>(found - kMetricFigures.begin()));
  }
  return order;
}

Metrics read_figures(const Place& list, const FigureOrder& order) {
  const std::vector<Place> elements = list.elements();
  require(elements.size() == order.size(), "{} has {} figures, but the edition lists {}", list.path,
          elements.size(), order.size());
  std::array<std::optional<double>, kMetricFigures.size()> fractions;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (elements[i].value.is_null()) continue;
    // At most two decimals are printed, so this is the double nearest to the printed fraction.
    fractions[order[i]] = std::round(elements[i].number(0, 100) * 100) / 10000;
  }
  constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  return {fractions[0], fractions[1].value_or(kUnknown), fractions[2].value_or(kUnknown),
          fractions[3], fractions[4]};
}

void require_set(const BenchmarkDefinition& benchmark, const std::string& name,
                 const std::string& path) {
  require(benchmark.find_set(name) != nullptr, "{}: the benchmark has no set \"{}\": use {}", path,
          printable(name), fmt::join(benchmark.set_names(), ", "));
}

PublishedNetworkFigures read_network(const Place& object, const BenchmarkDefinition& benchmark,
                                     const FigureOrder& order) {
  object.require_only(
      {"name", "another_network", "temperature", "magnitude", "magnitudes", "published"});
  constexpr double kMost = 1e6;
  PublishedNetworkFigures network;
  network.network = object.at("name").text();
  if (const auto other = object.find("another_network"))
    network.another_network = other->yes_or_no();
  if (const auto temperature = object.find("temperature")) {
    network.temperature = temperature->number(1e-6, kMost);
  }
  if (const auto magnitude = object.find("magnitude"))
    network.magnitude = magnitude->number(0, kMost);
  if (const auto magnitudes = object.find("magnitudes")) {
    for (const auto& [set, magnitude] : magnitudes->members()) {
      require_set(benchmark, set, magnitudes->path);
      network.magnitudes[set] = magnitude.number(0, kMost);
    }
  }
  if (const auto published = object.find("published")) {
    for (const Place& row : published->elements()) {
      const std::string set = row.at("set").text();
      require_set(benchmark, set, row.path);
      require(!network.figures.contains(set), "{} has the set \"{}\" twice", published->path, set);
      for (const auto& [detector, figures] : row.members()) {
        if (detector == "set") continue;
        require(std::ranges::any_of(all_detectors(),
                                    [&](const Detector* d) { return d->name == detector; }),
                "{}: there is no detector of this name", figures.path);
        network.figures[set][detector] = read_figures(figures, order);
      }
    }
  }
  return network;
}

BenchmarkEdition read_edition(const Place& object, const BenchmarkDefinition& benchmark) {
  object.require_only({"name", "source", "figures", "networks"});
  BenchmarkEdition edition;
  edition.name = object.at("name").text();
  edition.source = object.at("source").text();
  const FigureOrder order = read_order(object.at("figures"));
  for (const Place& network : object.at("networks").elements()) {
    edition.networks.push_back(read_network(network, benchmark, order));
  }
  require_distinct(edition.networks, &PublishedNetworkFigures::network, object.path);
  return edition;
}

}  // namespace

BenchmarkDefinition parse_benchmark(std::string_view text, const std::string& source) {
  Json json;
  try {
    json = parse_json(text);
  } catch (const Error& error) {
    fail("{} {}", source, error.what());
  }
  const Place whole{json, source};
  whole.require_only({"title", "sets", "editions"});
  BenchmarkDefinition benchmark;
  benchmark.title = whole.at("title").text();
  for (const Place& set : whole.at("sets").elements()) benchmark.sets.push_back(read_set(set));
  require(!benchmark.sets.empty(), "{} has no sets", source);
  require_distinct(benchmark.sets, &BenchmarkSet::name, source);
  if (const std::optional<Place> editions = whole.find("editions")) {
    for (const Place& edition : editions->elements()) {
      benchmark.editions.push_back(read_edition(edition, benchmark));
    }
    require_distinct(benchmark.editions, &BenchmarkEdition::name, editions->path);
  }
  return benchmark;
}

std::vector<std::string> bundled_benchmark_names() {
  std::vector<std::string> names;
  for (const BundledBenchmark& benchmark : bundled_benchmarks()) names.emplace_back(benchmark.name);
  return names;
}

std::shared_ptr<const BenchmarkDefinition> load_benchmark(const std::string& name_or_file) {
  for (const BundledBenchmark& bundled : bundled_benchmarks()) {
    if (bundled.name == name_or_file) {
      return std::make_shared<const BenchmarkDefinition>(
          parse_benchmark(bundled.json, fmt::format("the benchmark {}", bundled.name)));
    }
  }
  require(exists_at(name_or_file), "there is no benchmark \"{}\": use {}, or the path of a file",
          printable(name_or_file), fmt::join(bundled_benchmark_names(), ", "));
  const InputFile file(name_or_file);
  const std::string name = printable_lines(file.path().string());
  require(file.size() <= kLargestFile, "{} has {} bytes: it is too large for a benchmark", name,
          file.size());
  return std::make_shared<const BenchmarkDefinition>(parse_benchmark(file.content(), name));
}

}  // namespace odin
