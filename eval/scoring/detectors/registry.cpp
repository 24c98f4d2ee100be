#include "eval/scoring/detectors/registry.h"

#include <algorithm>
#include <iterator>

#include "eval/scoring/detectors/variants.h"
#include "kernels/error.h"

namespace odin {
namespace {

#define ODIN_LIST_DETECTOR(name) &detectors::name,
constexpr const Detector* kAll[] = {ODIN_DETECTORS(ODIN_LIST_DETECTOR)};
#undef ODIN_LIST_DETECTOR

struct Group {
  std::string_view name;
  bool (*has)(const Detector& detector);
};

constexpr Group kGroups[] = {
    {"logits", [](const Detector& d) { return !d.uses_features && !d.uses_odin_parameters; }},
    {"features", [](const Detector& d) { return d.uses_features; }},
    {"perturbed", [](const Detector& d) { return d.uses_odin_parameters; }},
    {"all", [](const Detector& d) { return !d.has_own_gradient(); }},
};

// "react" of "react:percentile=80".
std::string_view base_name(std::string_view name) {
  return name.substr(0, name.find(':'));
}

const Detector* find_base(std::string_view name) {
  const auto found = std::ranges::find(kAll, name, [](const Detector* d) { return d->name; });
  return found == std::end(kAll) ? nullptr : *found;
}

}  // namespace

std::span<const Detector* const> all_detectors() {
  return kAll;
}

std::span<const Detector* const> default_detectors() {
  static const std::vector<const Detector*> chosen = [] {
    std::vector<const Detector*> some;
    std::ranges::copy_if(kAll, std::back_inserter(some), [](const Detector* d) {
      return d->fit == nullptr && !d->has_own_gradient();
    });
    return some;
  }();
  return chosen;
}

const Detector& detector_named(std::string_view name) {
  const Detector* base = find_base(base_name(name));
  require(base != nullptr, "there is no score \"{}\": use one of {}", name,
          fmt::join(detector_names(), ", "));
  return variant_named(*base, name);
}

const Detector* find_detector(std::string_view name) {
  try {
    return &detector_named(name);
  } catch (const Error&) {
    return nullptr;
  }
}

std::vector<const Detector*> authors_detectors() {
  return {&detectors::kBaseline, &detectors::kOdin};
}

std::vector<std::string> detector_names() {
  std::vector<std::string> names;
  for (const Detector* detector : kAll) names.emplace_back(detector->name);
  return names;
}

std::vector<std::string> detector_groups() {
  std::vector<std::string> names;
  for (const Group& group : kGroups) names.emplace_back(group.name);
  return names;
}

std::vector<const Detector*> parse_detectors(std::span<const std::string_view> names) {
  std::vector<const Detector*> wanted;
  for (const std::string_view name : names) {
    const auto group = std::ranges::find(kGroups, name, &Group::name);
    if (group == std::end(kGroups)) {
      require(find_base(base_name(name)) != nullptr, "there is no score \"{}\": use {}, or {}",
              name, fmt::join(detector_names(), ", "), fmt::join(detector_groups(), ", "));
      wanted.push_back(&detector_named(name));
      continue;
    }
    std::ranges::copy_if(kAll, std::back_inserter(wanted),
                         [&](const Detector* detector) { return group->has(*detector); });
  }
  require(!wanted.empty(), "no score was asked for");
  std::vector<const Detector*> chosen;
  for (const Detector* base : kAll) {
    if (std::ranges::find(wanted, base) != wanted.end()) chosen.push_back(base);
    for (const Detector* detector : wanted) {
      const bool chosen_before = std::ranges::find(chosen, detector) != chosen.end();
      if (detector->variant_of == base && !chosen_before) chosen.push_back(detector);
    }
  }
  return chosen;
}

}  // namespace odin
