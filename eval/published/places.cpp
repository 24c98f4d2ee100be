#include "eval/published/places.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <optional>

#include "eval/data/spec.h"
#include "eval/published/benchmark_file.h"
#include "kernels/error.h"

namespace odin {
namespace {

namespace fs = std::filesystem;

// As a user must type it: in quotes if it has characters that are special to a shell.
std::string shell_word(const fs::path& path) {
  const std::string text = path.string();
  const auto plain = [](unsigned char c) { return std::isalnum(c) || std::strchr("_-./+,:@", c); };
  if (std::ranges::all_of(text, plain)) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + '\'';
}

// The specification of a place below a folder.
std::string below(const fs::path& folder, std::string_view place) {
  const std::size_t colon = place.find(':');
  if (colon == std::string_view::npos) return std::string(place);
  return fmt::format("{}:{}", place.substr(0, colon), (folder / place.substr(colon + 1)).string());
}

bool is_there(std::string_view specification) {
  const DatasetSpec spec = parse_dataset_spec(specification);
  std::error_code ignored;
  return is_noise(spec.kind) || fs::exists(spec.path, ignored);
}

// The folder that `specification` is below, if it ends in that place.
std::optional<fs::path> folder_above(std::string_view specification, std::string_view place) {
  const std::size_t colon = place.find(':');
  if (colon == std::string_view::npos || !specification.starts_with(place.substr(0, colon + 1)))
    return {};
  const fs::path tail = place.substr(colon + 1);
  fs::path folder = specification.substr(colon + 1);
  for (auto part = tail.end(); part != tail.begin();) {
    if (folder.filename() != *--part) return {};
    folder = folder.parent_path();
  }
  return folder;
}

}  // namespace

std::string first_place_there(std::span<const std::string> places, const fs::path& data_folder) {
  require(!places.empty(), "a data set needs a place");
  for (const std::string& place : places) {
    const std::string specification = below(data_folder, place);
    if (is_there(specification)) return specification;
  }
  return below(data_folder, places.front());
}

std::string fetch_command(std::string_view specification) {
  for (const std::string& name : bundled_benchmark_names()) {
    const auto benchmark = load_benchmark(name);
    for (const BenchmarkSet& set : benchmark->sets) {
      if (set.fetch.empty()) continue;
      for (const std::string& place : set.places) {
        if (const std::optional<fs::path> folder = folder_above(specification, place)) {
          return fmt::format("fetch_data {} --data-dir {}", set.fetch,
                             shell_word(folder->empty() ? "." : *folder));
        }
      }
    }
  }
  return "";
}

std::string fetch_command(const PublishedNetwork& network, const fs::path& weights_folder) {
  return fmt::format("fetch_data {} --weights-dir {}", network.name, shell_word(weights_folder));
}

}  // namespace odin
