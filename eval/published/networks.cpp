#include "eval/published/networks.h"

#include <algorithm>
#include <array>
#include <vector>

#include "eval/published/places.h"
#include "kernels/error.h"

namespace odin {
namespace {

constexpr std::array<PublishedNetwork, 6> kNetworks{{
    {"densenet10", "DenseNet-BC-100", "densenet10.h5", "CIFAR-10", "cifar10",
     "cifar-10-batches-bin", "cifar-10-batches-py"},
    {"densenet100", "DenseNet-BC-100", "densenet100.h5", "CIFAR-100", "cifar100",
     "cifar-100-binary", "cifar-100-python"},
    {"wideresnet10", "Wide-ResNet-28-10", "wideresnet10.h5", "CIFAR-10", "cifar10",
     "cifar-10-batches-bin", "cifar-10-batches-py"},
    {"wideresnet100", "Wide-ResNet-28-10", "wideresnet100.h5", "CIFAR-100", "cifar100",
     "cifar-100-binary", "cifar-100-python"},
    {"dice_densenet10", "DenseNet-BC-100", "dice_densenet10.h5", "CIFAR-10", "cifar10",
     "cifar-10-batches-bin", "cifar-10-batches-py"},
    {"dice_densenet100", "DenseNet-BC-100", "dice_densenet100.h5", "CIFAR-100", "cifar100",
     "cifar-100-binary", "cifar-100-python"},
}};

}  // namespace

std::span<const PublishedNetwork> published_networks() {
  return kNetworks;
}

Architecture architecture_of(const PublishedNetwork& network) {
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

const PublishedNetwork* find_authors_network(const Architecture& architecture,
                                             std::string_view in_set_format) {
  // The authors' networks come first.
  const auto found = std::ranges::find_if(kNetworks, [&](const PublishedNetwork& network) {
    return architecture_of(network) == architecture && network.in_set_format == in_set_format;
  });
  return found == kNetworks.end() ? nullptr : &*found;
}

const PublishedNetwork& published_network(std::string_view name) {
  const auto found = std::ranges::find(kNetworks, name, &PublishedNetwork::name);
  if (found != kNetworks.end()) return *found;
  std::vector<std::string_view> names;
  for (const PublishedNetwork& network : kNetworks) names.push_back(network.name);
  fail("there is no published network \"{}\": use {} or {}", name,
       fmt::join(names.begin(), names.end() - 1, ", "), names.back());
}

std::string in_set_specification(const PublishedNetwork& network,
                                 const std::filesystem::path& data_folder) {
  const auto place = [&](std::string_view folder) {
    return fmt::format("{}:{}", network.in_set_format, folder);
  };
  const std::array<std::string, 2> places{place(network.in_set_folder),
                                          place(network.in_set_python_folder)};
  return first_place_there(places, data_folder);
}

}  // namespace odin
