#include "eval/scoring/detectors/registry.h"

#include <algorithm>

#include "kernels/error.h"

namespace odin {
namespace {

#define ODIN_LIST_DETECTOR(name) &detectors::name,
constexpr const Detector* kAll[] = {ODIN_DETECTORS(ODIN_LIST_DETECTOR)};
#undef ODIN_LIST_DETECTOR

}  // namespace

std::span<const Detector* const> all_detectors() {
  return kAll;
}

const Detector* find_detector(std::string_view name) {
  const auto found = std::ranges::find(kAll, name, [](const Detector* d) { return d->name; });
  return found == std::end(kAll) ? nullptr : *found;
}

std::vector<const Detector*> authors_detectors() {
  return {&detectors::kBaseline, &detectors::kOdin};
}

std::vector<std::string> detector_names() {
  std::vector<std::string> names;
  for (const Detector* detector : kAll) names.emplace_back(detector->name);
  names.emplace_back("all");
  return names;
}

std::vector<const Detector*> parse_detectors(std::span<const std::string_view> names) {
  const std::vector<std::string> known = detector_names();
  for (const std::string_view name : names) {
    if (std::ranges::find(known, name) != known.end()) continue;
    fail("there is no score \"{}\": use {} or {}", name,
         fmt::join(known.begin(), known.end() - 1, ", "), known.back());
  }
  std::vector<const Detector*> chosen;
  for (const Detector* detector : kAll) {
    const bool wanted = std::ranges::any_of(
        names, [&](std::string_view name) { return name == "all" || name == detector->name; });
    if (wanted) chosen.push_back(detector);
  }
  require(!chosen.empty(), "no score was asked for");
  return chosen;
}

}  // namespace odin
