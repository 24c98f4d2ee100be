#include "weights/checkpoint_rules.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <set>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "kernels/error.h"
#include "weights/files/printable.h"

namespace odin {
namespace {

constexpr std::size_t kProblemsInFull = 4;
constexpr std::size_t kLongestFitName = 64;

const char* channel_name(std::size_t channel, std::size_t channels) {
  constexpr const char* kNames[] = {"red", "green", "blue"};
  return channels == 1 ? "grey" : kNames[channel];
}

// Without a branch for each value, so that the compiler uses vectors: a Wide-ResNet-28-10 has 36.5
// million values.
template <class T>
bool all_finite(std::span<const T> values) {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  // All ones in infinities and NaN.
  constexpr Bits kExponent = std::bit_cast<Bits>(std::numeric_limits<T>::infinity());
  Bits found = 0;
  for (const T value : values) {
    found |= (std::bit_cast<Bits>(value) & kExponent) == kExponent ? 1U : 0U;
  }
  return found == 0;
}

// That a value of the array is not finite, as one clause, or nothing.
template <class T>
std::string not_finite_problem(const std::string& name, std::span<const T> values) {
  if (all_finite(values)) return {};
  const auto bad =
      std::find_if_not(values.begin(), values.end(), [](T value) { return std::isfinite(value); });
  return fmt::format("{} holds {} at index {} where all values must be finite", printable(name),
                     *bad, bad - values.begin());
}

// What is wrong with the values of a parameter, as one clause, or nothing.
std::string value_problem(const std::string& name, std::span<const float> values) {
  std::string problem = not_finite_problem(name, values);
  if (!problem.empty() || !name.ends_with(".running_var")) return problem;
  const auto negative =
      std::find_if(values.begin(), values.end(), [](float value) { return value < 0; });
  if (negative == values.end()) return {};
  return fmt::format("{} holds the negative variance {} at index {}", printable(name), *negative,
                     negative - values.begin());
}

bool is_fit_name(std::string_view name) {
  return !name.empty() && name.size() <= kLongestFitName &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

template <class Arrays>
void add_array_problems(const Arrays& arrays, std::vector<std::string>& problems) {
  for (const auto& [name, values] : arrays) {
    const std::string path = fmt::format("{}{}", kDetectorFitPrefix, name);
    if (!is_fit_name(name)) {
      problems.push_back(fmt::format("{} has a name that is not 1 to {} of a-z, 0-9 and _",
                                     printable(path), kLongestFitName));
    } else if (values.empty()) {
      problems.push_back(path + " has no values");
    } else if (std::string problem = not_finite_problem(path, std::span(values));
               !problem.empty()) {
      problems.push_back(std::move(problem));
    }
  }
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

std::vector<std::string> fit_problems(const Checkpoint& checkpoint) {
  const std::int64_t images = checkpoint.detector ? checkpoint.detector->training_images : 0;
  const DetectorFit* fit = checkpoint.detector_fit.get();
  if (fit == nullptr && images == 0) return {};
  if (images == 0) return {"it has a detector's fit, but no settings that say of which images"};
  if (fit == nullptr || (fit->numbers.empty() && fit->features.empty())) {
    return {fmt::format("its detector was fitted on {} images, but {} holds no data set", images,
                        kDetectorFitGroup)};
  }
  std::vector<std::string> problems;
  add_array_problems(fit->numbers, problems);
  add_array_problems(fit->features, problems);
  for (const auto& [name, values] : fit->numbers) {
    if (fit->features.contains(name))
      problems.push_back(fmt::format("{}{} is there twice", kDetectorFitPrefix, printable(name)));
  }
  return problems;
}

void check_stored_words(std::uint64_t words) {
  require(words <= kMostStoredWords,
          "it would hold {} words of 32 bits, and at most {} can be read back: fit the score on "
          "fewer training images (--fit-images)",
          words, kMostStoredWords);
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
