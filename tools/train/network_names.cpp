#include "tools/train/network_names.h"

#include <charconv>
#include <optional>
#include <vector>

#include "kernels/error.h"

namespace odin::training {
namespace {

// A text that is a whole number, as that number.
std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

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
    const auto depth = number(parts[1]);
    const auto widen = number(parts[2]);
    if (!depth || !widen) return {};
    return WideResNetConfig{*depth, *widen, classes};
  }
  if (parts[0] != "densenet") return {};
  const bool bottleneck = parts.size() > 1 && parts[1] == "bc";
  const std::size_t at = bottleneck ? 2 : 1;
  if (parts.size() < at + 1 || parts.size() > at + 2) return {};
  const auto depth = number(parts[at]);
  std::optional<int> growth = 12;
  if (parts.size() == at + 2) {
    if (!parts[at + 1].starts_with('k')) return {};
    growth = number(parts[at + 1].substr(1));
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
