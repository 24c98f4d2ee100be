#include "eval/scoring/detectors/variants.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "eval/scoring/detectors/registry.h"
#include "kernels/error.h"
#include "kernels/parse_number.h"

namespace odin {
namespace {

// A detector and what its views refer to.
struct Variant {
  std::string name, title, heading, score_file;
  std::vector<double> values;
  Detector detector;
};

std::unique_ptr<const Variant> make_variant(const Detector& base, std::span<const double> values,
                                            std::string name) {
  auto made = std::make_unique<Variant>();
  made->name = std::move(name);
  made->values.assign(values.begin(), values.end());
  made->detector = base;
  made->detector.option_values = made->values;
  made->detector.variant_of = &base;
  // Only what differs from the default says which variant it is.
  std::string differences;
  made->score_file = base.score_file;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const DetectorOption& option = base.options[i];
    if (values[i] == option.value) continue;
    differences += fmt::format("{}{} {}", differences.empty() ? "" : ", ", option.name, values[i]);
    made->score_file += fmt::format("_{}{}", option.name, values[i]);
  }
  made->title = fmt::format("{} ({})", base.title, differences);
  made->heading = fmt::format("{} ({})", base.heading, differences);
  made->detector.name = made->name;
  made->detector.title = made->title;
  made->detector.heading = made->heading;
  made->detector.score_file = made->score_file;
  return made;
}

void require_allowed(const Detector& detector, const DetectorOption& option, double value) {
  require(value >= option.least && value <= option.most &&
              (!option.whole || value == std::floor(value)),
          "{} of the score {} must be {}between {} and {}, but is {}", option.name, detector.name,
          option.whole ? "a whole number " : "", option.least, option.most, value);
}

// The value of an option in "name=value", at its place in the detector's list.
void set_value(const Detector& base, std::string_view text, std::vector<double>& values) {
  const std::size_t equals = text.find('=');
  const std::string_view name = text.substr(0, equals);
  const auto option = std::ranges::find(base.options, name, &DetectorOption::name);
  if (option == base.options.end() && base.options.empty()) {
    fail("the score {} has no options, but {} was given", base.name, text);
  }
  if (option == base.options.end()) {
    std::vector<std::string_view> known;
    for (const DetectorOption& one : base.options) known.push_back(one.name);
    fail("the score {} has no option {}: it has {}", base.name, name, fmt::join(known, ", "));
  }
  const std::string_view number =
      equals == std::string_view::npos ? std::string_view() : text.substr(equals + 1);
  const std::optional<double> value = whole_text_as<double>(number);
  require(value && std::isfinite(*value), "{} of the score {} needs a number, as in {}:{}={}", name,
          base.name, base.name, name, option->value);
  require_allowed(base, *option, *value);
  values[static_cast<std::size_t>(option - base.options.begin())] = *value;
}

}  // namespace

std::vector<double> option_values(const Detector& detector) {
  if (!detector.option_values.empty()) {
    return {detector.option_values.begin(), detector.option_values.end()};
  }
  std::vector<double> values;
  for (const DetectorOption& option : detector.options) values.push_back(option.value);
  return values;
}

const Detector& with_options(const Detector& detector, std::span<const double> values) {
  const Detector& base = detector.variant_of ? *detector.variant_of : detector;
  require(values.size() == base.options.size(), "the score {} has {} options, but {} were given",
          base.name, base.options.size(), values.size());
  std::string name(base.name);
  bool is_default = true;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const DetectorOption& option = base.options[i];
    require_allowed(base, option, values[i]);
    if (values[i] == option.value) continue;
    is_default = false;
    name += fmt::format(":{}={}", option.name, values[i]);
  }
  if (is_default) return base;

  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<const Variant>> variants;
  const std::lock_guard lock(mutex);
  std::unique_ptr<const Variant>& variant = variants[name];
  if (!variant) variant = make_variant(base, values, name);
  return variant->detector;
}

const Detector& variant_named(const Detector& base, std::string_view name) {
  std::vector<double> values = option_values(base);
  for (std::size_t colon = name.find(':'); colon != std::string_view::npos;) {
    const std::size_t next = name.find(':', colon + 1);
    set_value(base, name.substr(colon + 1, next - colon - 1), values);
    colon = next;
  }
  return with_options(base, values);
}

std::string settings_text(const Detector& detector) {
  std::string text(detector.settings);
  const std::vector<double> values = option_values(detector);
  for (std::size_t i = 0; i < values.size(); ++i) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", detector.options[i].name, values[i]);
  }
  return text;
}

}  // namespace odin
