#include "eval/paper/authors_names.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstring>

#include "kernels/error.h"

namespace odin {
namespace {

constexpr std::array<AuthorsNetwork, 4> kNetworks{{
    {"densenet10", "DenseNet-BC-100", "densenet10.h5", "CIFAR-10", "cifar10",
     "cifar-10-batches-bin", "cifar-10-batches-py"},
    {"densenet100", "DenseNet-BC-100", "densenet100.h5", "CIFAR-100", "cifar100",
     "cifar-100-binary", "cifar-100-python"},
    {"wideresnet10", "Wide-ResNet-28-10", "wideresnet10.h5", "CIFAR-10", "cifar10",
     "cifar-10-batches-bin", "cifar-10-batches-py"},
    {"wideresnet100", "Wide-ResNet-28-10", "wideresnet100.h5", "CIFAR-100", "cifar100",
     "cifar-100-binary", "cifar-100-python"},
}};

constexpr std::array<AuthorsOutSet, 7> kOutSets{{
    {"Imagenet", "Tiny-ImageNet (crop)", "folder", "Imagenet", {0.0014, 0.0014, 0.0005, 0.0028}},
    {"Imagenet_resize",
     "Tiny-ImageNet (resize)",
     "folder",
     "Imagenet_resize",
     {0.0014, 0.0028, 0.0011, 0.0028}},
    {"LSUN", "LSUN (crop)", "folder", "LSUN", {0, 0.0028, 0, 0.0048}},
    {"LSUN_resize", "LSUN (resize)", "folder", "LSUN_resize", {0.0014, 0.0028, 0.0006, 0.002}},
    {"iSUN", "iSUN", "folder", "iSUN", {0.0014, 0.0028, 0.0008, 0.0028}},
    {"Uniform", "Uniform noise", "uniform", "", {0.0014, 0.0028, 0.0014, 0.0028}},
    {"Gaussian", "Gaussian noise", "gaussian", "", {0.0014, 0.0028, 0.0014, 0.0028}},
}};

template <class Entries>
const auto& find(const Entries& entries, std::string_view name, std::string_view kind) {
  const auto found = std::ranges::find(entries, name, [](const auto& entry) { return entry.name; });
  if (found != entries.end()) return *found;
  std::string names;
  for (const auto& entry : entries) {
    names += &entry == &entries.front() ? "" : &entry == &entries.back() ? " or " : ", ";
    names += entry.name;
  }
  fail("the ODIN authors have no {} \"{}\": use {}", kind, name, names);
}

std::string specification(std::string_view format, std::string_view folder,
                          const std::filesystem::path& data_folder) {
  if (folder.empty()) return std::string(format);
  return fmt::format("{}:{}", format, (data_folder / folder).string());
}

// As a user must type it: in quotes if it has characters that are special to a shell.
std::string shell_word(const std::filesystem::path& path) {
  const std::string text = path.string();
  const auto plain = [](unsigned char c) { return std::isalnum(c) || std::strchr("_-./+,:@", c); };
  if (std::ranges::all_of(text, plain)) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + '\'';
}

}  // namespace

std::span<const AuthorsNetwork> authors_networks() {
  return kNetworks;
}
std::span<const AuthorsOutSet> authors_out_sets() {
  return kOutSets;
}

Architecture architecture_of(const AuthorsNetwork& network) {
  const int classes = network.in_set_format == "cifar10" ? 10 : 100;
  if (network.display_name.starts_with("DenseNet")) {
    DenseNetConfig config;
    config.num_classes = classes;
    return config;
  }
  WideResNetConfig config;
  config.num_classes = classes;
  return config;
}

const AuthorsNetwork* find_authors_network(const Architecture& architecture,
                                           std::string_view in_set_format) {
  const auto found = std::ranges::find_if(kNetworks, [&](const AuthorsNetwork& network) {
    return architecture_of(network) == architecture && network.in_set_format == in_set_format;
  });
  return found == kNetworks.end() ? nullptr : &*found;
}

const AuthorsNetwork& authors_network(std::string_view name) {
  return find(kNetworks, name, "network");
}

const AuthorsOutSet& authors_out_set(std::string_view name) {
  return find(kOutSets, name, "out-of-distribution set");
}

double authors_magnitude(const AuthorsNetwork& network, const AuthorsOutSet& out_set) {
  const auto column = std::ranges::find(kNetworks, network.name, &AuthorsNetwork::name);
  require(column != kNetworks.end(), "the ODIN authors give no magnitude for a network \"{}\"",
          network.name);
  return out_set.magnitudes[static_cast<std::size_t>(column - kNetworks.begin())];
}

std::string in_set_specification(const AuthorsNetwork& network,
                                 const std::filesystem::path& data_folder) {
  std::error_code ignored;
  const bool only_python =
      !std::filesystem::exists(data_folder / network.in_set_folder, ignored) &&
      std::filesystem::is_directory(data_folder / network.in_set_python_folder, ignored);
  return specification(network.in_set_format,
                       only_python ? network.in_set_python_folder : network.in_set_folder,
                       data_folder);
}

std::string out_set_specification(const AuthorsOutSet& out_set,
                                  const std::filesystem::path& data_folder) {
  return specification(out_set.format, out_set.folder, data_folder);
}

std::string fetch_command(std::string_view specification) {
  const std::filesystem::path path = specification.substr(specification.find(':') + 1);
  const std::string folder = path.filename().string();
  const auto command = [&](std::string_view name) {
    const std::filesystem::path data = path.parent_path();
    return fmt::format("fetch_data {} --data-dir {}", name, shell_word(data.empty() ? "." : data));
  };
  for (const AuthorsOutSet& set : kOutSets) {
    if (!set.folder.empty() && set.folder == folder) return command(set.name);
  }
  for (const AuthorsNetwork& network : kNetworks) {
    if (network.in_set_folder == folder) return command(network.in_set_format);
  }
  return "";
}

std::string fetch_command(const AuthorsNetwork& network,
                          const std::filesystem::path& weights_folder) {
  return fmt::format("fetch_data {} --weights-dir {}", network.name, shell_word(weights_folder));
}

}  // namespace odin
