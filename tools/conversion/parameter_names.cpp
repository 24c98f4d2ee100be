#include "tools/conversion/parameter_names.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>

#include "kernels/error.h"
#include "kernels/parse_number.h"
#include "weights/files/printable.h"

namespace odin::pytorch {
namespace {

constexpr std::array<std::string_view, 5> kClassifiers = {"fc", "linear", "classifier", "head",
                                                          "output"};
// Every network of ours has one of these, so that what is before it is a prefix.
constexpr std::array<std::string_view, 5> kAnchors = {
    "block1.layer.0.conv1.weight", "features.denseblock1.denselayer1.conv1.weight",
    "features.denseblock1.denselayer1.conv.1.weight", "denseblock1.denselayer1.conv1.weight",
    "denseblock1.denselayer1.conv.1.weight"};

// Where `part` begins at the begin of a name or after a dot.
std::optional<std::size_t> find_part(std::string_view name, std::string_view part) {
  if (!name.ends_with(part)) return std::nullopt;
  const std::size_t begin = name.size() - part.size();
  return begin == 0 || name[begin - 1] == '.' ? std::optional(begin) : std::nullopt;
}

// What stands before the anchors: "" or ends with a dot. Nothing if there is no anchor.
std::set<std::string> anchored_prefixes(const std::vector<NamedTensor>& tensors) {
  std::set<std::string> prefixes;
  for (const NamedTensor& named : tensors) {
    for (const std::string_view anchor : kAnchors) {
      const auto begin = find_part(named.name, anchor);
      if (!begin) continue;
      prefixes.insert(named.name.substr(0, *begin));
      break;
    }
  }
  return prefixes;
}

// The longest one that ends with a dot.
std::string common_prefix(const std::vector<NamedTensor>& tensors) {
  if (tensors.empty()) return "";
  std::string_view prefix = tensors.front().name;
  for (const NamedTensor& named : tensors) {
    const auto [end, ignored] = std::ranges::mismatch(prefix, named.name);
    prefix = prefix.substr(0, static_cast<std::size_t>(end - prefix.begin()));
  }
  return std::string(prefix.substr(0, prefix.rfind('.') + 1));
}

std::vector<std::string_view> split(std::string_view name) {
  std::vector<std::string_view> parts;
  for (std::size_t dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.')) {
    parts.push_back(name.substr(0, dot));
    name.remove_prefix(dot + 1);
  }
  parts.push_back(name);
  return parts;
}

// The number N of "denseblockN", where `word` is "denseblock"; at most 4 digits.
std::optional<int> number_after(std::string_view word, std::string_view part) {
  constexpr std::size_t kMostDigits = 4;
  if (!part.starts_with(word)) return std::nullopt;
  part.remove_prefix(word.size());
  const std::optional<int> number = whole_text_as<int>(part);
  return number && *number > 0 && part.size() <= kMostDigits ? number : std::nullopt;
}

// "bn" or "conv" for "norm" or "conv", or nothing.
std::string_view our_kind(std::string_view theirs) {
  return theirs == "norm" ? "bn" : theirs == "conv" ? theirs : std::string_view();
}

// Our name of a tensor that has torchvision's, or the name itself. Layers count from 1 there.
std::string translated(const std::string& name) {
  std::vector<std::string_view> parts = split(name);
  if (parts.front() == "features") parts.erase(parts.begin());
  if (parts.size() < 2) return name;
  const std::string_view parameter = parts.back();
  if (parts.size() == 2 && parts[0] == "conv0") return fmt::format("conv1.{}", parameter);
  if (parts.size() == 2 && (parts[0] == "norm5" || parts[0] == "norm_final")) {
    return fmt::format("bn1.{}", parameter);
  }
  const auto transition = number_after("transition", parts[0]);
  if (parts.size() == 3 && transition && !our_kind(parts[1]).empty()) {
    return fmt::format("trans{}.{}1.{}", *transition, our_kind(parts[1]), parameter);
  }
  const auto block = number_after("denseblock", parts[0]);
  const auto layer = number_after("denselayer", parts[1]);
  if (!block || !layer || parts.size() < 4) return name;
  // "norm1", or "norm.1" in older versions.
  std::string module(parts[2]);
  if (parts.size() == 5) module += parts[3];
  const std::string_view kind = our_kind(std::string_view(module).substr(0, module.size() - 1));
  const auto number = kind.empty() ? std::nullopt : number_after(module.substr(0, 4), module);
  if (!number || parts.size() > 5) return name;
  return fmt::format("block{}.layer.{}.{}{}.{}", *block, *layer - 1, kind, *number, parameter);
}

std::string_view module_of(std::string_view name) {
  return name.substr(0, name.find('.'));
}

// Whether a name begins with a module as our networks have them, of whatever number. A tensor of
// any other module is not between their layers.
bool is_in_network(std::string_view name) {
  constexpr std::array<std::string_view, 12> kModules = {
      "features", "conv",  "bn",         "norm",       "block", "layer",
      "trans",    "dense", "transition", "denseblock", "fc",    "stage"};
  std::string_view module = module_of(name);
  if (module.size() == name.size()) return false;
  module = module.substr(0, module.find_last_not_of("0123456789_") + 1);
  return std::ranges::find(kModules, module) != kModules.end();
}

bool is_matrix(const NamedTensor& named) {
  return named.tensor.shape.size() == 2;
}

// The name of the classifier among tensors that are called `name_of`.
template <class Tensors, class NameOf>
std::string find_classifier(const Tensors& tensors, NameOf name_of) {
  std::string found;
  for (const auto& tensor : tensors) {
    const std::string name = name_of(tensor);
    const std::string_view module = module_of(name);
    if (name != std::string(module) + ".weight" || !is_matrix(*tensor.tensor)) continue;
    if (std::ranges::find(kClassifiers, module) == kClassifiers.end()) continue;
    if (module == "fc") return "fc";
    require(found.empty(), "its classifier may be '{}' or '{}': rename one of them to 'fc'", found,
            module);
    found = module;
  }
  return found;
}

// Calls the tensors of the module `classifier` fc.
void rename_classifier(std::vector<NamedParameter>& parameters, std::string_view classifier) {
  for (NamedParameter& parameter : parameters) {
    if (module_of(parameter.name) != classifier) continue;
    parameter.name = "fc" + parameter.name.substr(classifier.size());
  }
}

// Throws Error for networks that are like ours, but not the same. `anchored`: they have names that
// we know.
void require_same_kind(const std::vector<NamedParameter>& parameters, bool anchored) {
  for (const auto& [name, tensor] : parameters) {
    const std::string shown = printable(tensor->name);
    require(
        !find_part(name, "norm0.weight"),
        "it is torchvision's DenseNet for large images: after its first convolution it normalises "
        "('{}') and pools, which ours, for images of 32 x 32, does not",
        shown);
    if (anchored) continue;
    require(
        !find_part(name, "dense1.0.conv1.weight"),
        "it is kuangliu's DenseNet ('{}'): a layer's new channels stand before the others, where "
        "ours stand after them, and it has four dense blocks, where ours has three",
        shown);
    require(
        !find_part(name, "layer1.0.conv1.weight"),
        "it is a ResNet with torchvision's names ('{}'), not a Wide ResNet with the names of the "
        "ODIN authors' ('block1.layer.0.conv1.weight')",
        shown);
  }
}

}  // namespace

Naming name_parameters(const std::vector<NamedTensor>& tensors) {
  std::set<std::string> anchored = anchored_prefixes(tensors);
  if (anchored.contains("")) anchored = {""};  // others are copies of it, such as moving averages
  if (anchored.size() > 1) {
    const auto key = [](const std::string& prefix) {
      return printable(prefix.substr(0, prefix.size() - 1));
    };
    fail(
        "the names of its tensors are those of {} networks: choose one with --key, such as '{}' or "
        "'{}'",
        anchored.size(), key(*anchored.begin()), key(*anchored.rbegin()));
  }
  const std::string prefix = anchored.empty() ? common_prefix(tensors) : *anchored.begin();

  Naming naming;
  std::vector<NamedParameter> outside;
  for (const NamedTensor& named : tensors) {
    if (named.name.starts_with(prefix)) {
      naming.parameters.push_back({translated(named.name.substr(prefix.size())), &named});
    } else {
      outside.push_back({named.name, &named});
    }
  }
  require_same_kind(naming.parameters, !anchored.empty());
  const auto own_name = [](const NamedParameter& parameter) { return parameter.name; };
  const std::string inner = find_classifier(naming.parameters, own_name);
  if (!inner.empty()) {
    rename_classifier(naming.parameters, inner);
  } else if (const std::string outer = find_classifier(outside, own_name); !outer.empty()) {
    rename_classifier(outside, outer);
    for (NamedParameter& parameter : outside) {
      if (module_of(parameter.name) == "fc") naming.parameters.push_back(parameter);
    }
    std::erase_if(outside, [](const NamedParameter& p) { return module_of(p.name) == "fc"; });
  }
  for (const NamedParameter& parameter : outside) naming.beside.push_back(parameter.tensor);
  if (anchored.empty()) return naming;
  std::erase_if(naming.parameters, [&](const NamedParameter& parameter) {
    if (is_in_network(parameter.name)) return false;
    naming.beside.push_back(parameter.tensor);
    return true;
  });
  return naming;
}

std::string tensors_beside(const Naming& naming) {
  constexpr std::size_t kMost = 10;
  if (naming.beside.empty()) return "";
  std::vector<std::string> names;
  for (const NamedTensor* named : naming.beside) {
    if (names.size() == kMost) {
      names.emplace_back("...");
      break;
    }
    names.push_back(fmt::format("{} {}", printable(named->name), shape_text(named->tensor.shape)));
  }
  return fmt::format("{} tensor{} that {} no part of the network: {}", naming.beside.size(),
                     naming.beside.size() == 1 ? "" : "s", naming.beside.size() == 1 ? "is" : "are",
                     fmt::join(names, ", "));
}

}  // namespace odin::pytorch
