// The trained networks that others published, by name, and the locations of their files.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "nn/architecture.h"

namespace odin {

// The temperature of all results in the ODIN paper.
inline constexpr double kAuthorsTemperature = 1000;

// A published network, and the set that it was trained on.
struct PublishedNetwork {
  std::string_view name;                  // "densenet10", as in the ODIN authors' code
  std::string_view display_name;          // "DenseNet-BC-100"
  std::string_view weights_file;          // "densenet10.h5"
  std::string_view in_set_name;           // "CIFAR-10"
  std::string_view in_set_format;         // "cifar10", as in a data-set specification
  std::string_view in_set_folder;         // "cifar-10-batches-bin", as in its publisher's archive
  std::string_view in_set_python_folder;  // "cifar-10-batches-py", the same of the Python version
};

// The ODIN authors' four, and the two that were published with DICE (Sun & Li, ECCV 2022).
std::span<const PublishedNetwork> published_networks();

// The architecture that its checkpoint must hold.
Architecture architecture_of(const PublishedNetwork& network);

// The ODIN authors' network of this architecture that was trained on this set (as in a
// specification), or nullptr.
const PublishedNetwork* find_authors_network(const Architecture& architecture,
                                             std::string_view in_set_format);

// By name. Any other name throws Error, which lists the names.
const PublishedNetwork& published_network(std::string_view name);

// The data-set specification of its in-distribution set below `data_folder`:
// "cifar10:DATA/cifar-10-batches-bin". If the set is there in its Python version only, that is
// taken.
std::string in_set_specification(const PublishedNetwork& network,
                                 const std::filesystem::path& data_folder);

}  // namespace odin
