// The names that ODIN's release gives to its networks and data sets, and where their files lie.
#pragma once

#include <array>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "nn/architecture.h"

namespace odin {

// The temperature of every result of the paper.
inline constexpr double kBenchmarkTemperature = 1000;

// A trained network of the release, and the set that it was trained on.
struct BenchmarkNetwork {
  std::string_view name;           // "densenet10"
  std::string_view display_name;   // "DenseNet-BC-100"
  std::string_view weights_file;   // "densenet10.h5"
  std::string_view in_set_name;    // "CIFAR-10"
  std::string_view in_set_format;  // "cifar10", as a data-set specification names it
  std::string_view in_set_folder;  // "cifar-10-batches-bin", as its publisher's archive unpacks
};

// An out-of-distribution set of the release.
struct BenchmarkOutSet {
  std::string_view name;          // "Imagenet"
  std::string_view display_name;  // "Tiny-ImageNet (crop)"
  std::string_view format;        // "folder"; "uniform" or "gaussian" for noise
  std::string_view folder;        // "Imagenet", as the authors' archive unpacks; none for noise
  // The authors' perturbation magnitudes, in the order of benchmark_networks().
  std::array<double, 4> magnitudes;
};

std::span<const BenchmarkNetwork> benchmark_networks();
std::span<const BenchmarkOutSet> benchmark_out_sets();

// What its checkpoint holds.
Architecture architecture_of(const BenchmarkNetwork& network);

// The network of the release of this architecture that was trained on this set (as a specification
// names it), or nullptr.
const BenchmarkNetwork* find_benchmark_network(const Architecture& architecture,
                                               std::string_view in_set_format);

// By name; any other throws Error, listing the names.
const BenchmarkNetwork& benchmark_network(std::string_view name);
const BenchmarkOutSet& benchmark_out_set(std::string_view name);

// The magnitude that the authors chose for this pair.
double benchmark_magnitude(const BenchmarkNetwork& network, const BenchmarkOutSet& out_set);

// The data-set specification of the set below `data_folder`: "cifar10:DATA/cifar-10-batches-bin",
// "folder:DATA/Imagenet", "uniform".
std::string in_set_specification(const BenchmarkNetwork& network,
                                 const std::filesystem::path& data_folder);
std::string out_set_specification(const BenchmarkOutSet& out_set,
                                  const std::filesystem::path& data_folder);

// The command that fetches what `specification` names ("folder:DATA/iSUN", "cifar10:DATA/...") where
// it is a set of the benchmark by the name of its folder; empty where it is not.
std::string fetch_command(std::string_view specification);
// The command that fetches the authors' file of a network to a folder.
std::string fetch_command(const BenchmarkNetwork& network,
                          const std::filesystem::path& weights_folder);

}  // namespace odin
