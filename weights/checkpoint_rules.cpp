#include "weights/checkpoint_rules.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <set>
#include <span>
#include <string_view>

#include "kernels/error.h"
#include "weights/files/printable.h"

namespace odin {
namespace {

constexpr std::size_t kProblemsInFull = 4;

const char* channel_name(std::size_t channel, std::size_t channels) {
  constexpr const char* kNames[] = {"red", "green", "blue"};
  return channels == 1 ? "grey" : kNames[channel];
}

// Without a branch for each value, so that the compiler uses vectors: a Wide-ResNet-28-10 has 36.5
// million values.
bool all_finite(std::span<const float> values) {
  constexpr std::uint32_t kExponent = 0x7f800000;  // all ones in infinities and NaN
  std::uint32_t found = 0;
  for (const float value : values) {
    found |= (std::bit_cast<std::uint32_t>(value) & kExponent) == kExponent ? 1U : 0U;
  }
  return found == 0;
}

// What is wrong with the values of a parameter, as one clause, or nothing.
std::string value_problem(const std::string& name, std::span<const float> values) {
  if (!all_finite(values)) {
    const auto bad = std::find_if_not(values.begin(), values.end(),
                                      [](float value) { return std::isfinite(value); });
    return fmt::format("{} holds {} at index {} where all values must be finite", printable(name),
                       *bad, bad - values.begin());
  }
  if (!name.ends_with(".running_var")) return {};
  const auto negative =
      std::find_if(values.begin(), values.end(), [](float value) { return value < 0; });
  if (negative == values.end()) return {};
  return fmt::format("{} holds the negative variance {} at index {}", printable(name), *negative,
                     negative - values.begin());
}

}  // namespace

void check_description(const Checkpoint& checkpoint) {
  validate(checkpoint.architecture);
  const auto classes = static_cast<std::size_t>(num_classes(checkpoint.architecture));
  const std::size_t names = checkpoint.class_names.size();
  require(names == 0 || names == classes,
          "it has {} class names for {} classes; give one for each class or none", names, classes);
  const auto channels = static_cast<std::size_t>(checkpoint.architecture.image.channels);
  require(checkpoint.mean.size() == channels && checkpoint.std.size() == channels,
          "it has {} means and {} deviations for images of {} channels", checkpoint.mean.size(),
          checkpoint.std.size(), channels);
  for (std::size_t c = 0; c < channels; ++c) {
    const float mean = checkpoint.mean[c];
    const float std = checkpoint.std[c];
    require(
        mean >= 0 && mean <= 1,
        "its mean of {} is {} where pixels in 0..1 have one in [0, 1]; divide means of pixels in "
        "0..255 by 255",
        channel_name(c, channels), mean);
    require(std > 0 && std <= 1,
            "its std of {} is {} where pixels in 0..1 have one in (0, 1]; divide deviations of "
            "pixels in 0..255 by 255",
            channel_name(c, channels), std);
  }
  if (checkpoint.detector) validate(*checkpoint.detector);
}

std::vector<std::string> structure_problems(const Architecture& architecture,
                                            const std::map<std::string, FoundParameter>& found) {
  std::vector<std::string> problems;
  std::set<std::string_view> expected;
  const std::vector<ParameterSpec> specs = parameter_specs(architecture);
  for (const ParameterSpec& spec : specs) {
    expected.insert(spec.name);
    const auto entry = found.find(spec.name);
    if (entry == found.end()) {
      problems.push_back(spec.name + " is missing");
    } else if (!entry->second.problem.empty()) {
      problems.push_back(spec.name + " " + entry->second.problem);
    } else if (entry->second.shape != spec.shape) {
      problems.push_back(fmt::format("{} has the shape {} where {} is expected", spec.name,
                                     entry->second.shape.to_string(), spec.shape.to_string()));
    }
  }
  for (const auto& [name, parameter] : found) {
    if (expected.contains(name)) continue;
    problems.push_back(printable(name) + (parameter.problem.empty()
                                              ? " is not a part of this network"
                                              : " " + parameter.problem));
  }
  return problems;
}

std::vector<std::string> value_problems(const ParameterMap& parameters) {
  std::vector<std::string> problems;
  for (const auto& [name, array] : parameters) {
    std::string problem = value_problem(name, array.values);
    if (!problem.empty()) problems.push_back(std::move(problem));
  }
  return problems;
}

std::string summary(const std::vector<std::string>& problems) {
  // A single problem too many is named: the sentence that counts it would be as long.
  const std::size_t in_full =
      problems.size() <= kProblemsInFull + 1 ? problems.size() : kProblemsInFull;
  std::string text;
  for (std::size_t i = 0; i < in_full; ++i) {
    if (i > 0) text += i + 1 == problems.size() ? " and " : ", ";
    text += problems[i];
  }
  if (in_full < problems.size()) {
    text += fmt::format(" and {} more entries are wrong", problems.size() - in_full);
  }
  return text;
}

void require_usable(const std::filesystem::path& file, const CheckpointInspection& inspection) {
  require(inspection.problems.empty(),
          "{} cannot be used as a checkpoint: it does not hold a {}: {}", file.string(),
          name_of(inspection.checkpoint.architecture), summary(inspection.problems));
}

}  // namespace odin
