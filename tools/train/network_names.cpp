#include "tools/train/network_names.h"

#include <optional>
#include <vector>

#include "kernels/error.h"
#include "kernels/parse_number.h"

namespace odin::training {
namespace {

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t at = text.find('_');
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::optional<Architecture> parse(std::string_view name, int classes) {
  const std::vector<std::string_view> parts = split(name);
  if (parts[0] == "wrn" && parts.size() == 3) {
    const auto depth = whole_text_as<int>(parts[1]);
    const auto widen = whole_text_as<int>(parts[2]);
    if (!depth || !widen) return {};
    return WideResNetConfig{*depth, *widen, classes};
  }
  if (parts[0] != "densenet") return {};
  const bool bottleneck = parts.size() > 1 && parts[1] == "bc";
  const std::size_t at = bottleneck ? 2 : 1;
  if (parts.size() < at + 1 || parts.size() > at + 2) return {};
  const auto depth = whole_text_as<int>(parts[at]);
  std::optional<int> growth = 12;
  if (parts.size() == at + 2) {
    if (!parts[at + 1].starts_with('k')) return {};
    growth = whole_text_as<int>(parts[at + 1].substr(1));
  }
  if (!depth || !growth) return {};
  return DenseNetConfig{*depth, *growth, bottleneck ? 0.5 : 1.0, bottleneck, classes};
}

}  // namespace

Architecture architecture_of(std::string_view name, int classes) {
  const std::optional<Architecture> architecture = parse(name, classes);
  require(
      architecture.has_value(),
      "the network {} is unknown; examples are densenet_bc_100, densenet_bc_250_k24, densenet_40 "
      "and wrn_28_10",
      name);
  validate(*architecture);
  return *architecture;
}

}  // namespace odin::training
