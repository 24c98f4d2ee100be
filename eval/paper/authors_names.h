// The names of networks and data sets in the ODIN authors' code, and the locations of their files.
#pragma once

#include <array>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "nn/architecture.h"

namespace odin {

// The temperature of all results in the paper.
inline constexpr double kAuthorsTemperature = 1000;

// A trained network of the authors, and the set that it was trained on.
struct AuthorsNetwork {
  std::string_view name;                  // "densenet10"
  std::string_view display_name;          // "DenseNet-BC-100"
  std::string_view weights_file;          // "densenet10.h5"
  std::string_view in_set_name;           // "CIFAR-10"
  std::string_view in_set_format;         // "cifar10", as in a data-set specification
  std::string_view in_set_folder;         // "cifar-10-batches-bin", as in its publisher's archive
  std::string_view in_set_python_folder;  // "cifar-10-batches-py", the same of the Python version
};

// An out-of-distribution set of the authors.
struct AuthorsOutSet {
  std::string_view name;          // "Imagenet"
  std::string_view display_name;  // "Tiny-ImageNet (crop)"
  std::string_view format;        // "folder"; "uniform" or "gaussian" for noise
  std::string_view folder;        // "Imagenet", as in the authors' archive; empty for noise
  // The authors' perturbation magnitudes, in the order of authors_networks().
  std::array<double, 4> magnitudes;
};

std::span<const AuthorsNetwork> authors_networks();
std::span<const AuthorsOutSet> authors_out_sets();

// The architecture that its checkpoint must hold.
Architecture architecture_of(const AuthorsNetwork& network);

// The authors' network of this architecture that was trained on this set (as in a specification), or
// nullptr.
const AuthorsNetwork* find_authors_network(const Architecture& architecture,
                                           std::string_view in_set_format);

// By name. Any other name throws Error, which lists the names.
const AuthorsNetwork& authors_network(std::string_view name);
const AuthorsOutSet& authors_out_set(std::string_view name);

// The magnitude that the authors chose for this pair.
double authors_magnitude(const AuthorsNetwork& network, const AuthorsOutSet& out_set);

// The data-set specification of the set below `data_folder`: "cifar10:DATA/cifar-10-batches-bin",
// "folder:DATA/Imagenet", "uniform". If the in-distribution set is there in its Python version only,
// that is taken.
std::string in_set_specification(const AuthorsNetwork& network,
                                 const std::filesystem::path& data_folder);
std::string out_set_specification(const AuthorsOutSet& out_set,
                                  const std::filesystem::path& data_folder);

// The command that fetches the set of a specification ("folder:DATA/iSUN", "cifar10:DATA/..."), if its
// folder has the name of an authors' set; else empty.
std::string fetch_command(std::string_view specification);
// The command that fetches the authors' file of a network into a folder.
std::string fetch_command(const AuthorsNetwork& network,
                          const std::filesystem::path& weights_folder);

}  // namespace odin
