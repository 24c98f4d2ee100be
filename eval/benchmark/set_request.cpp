#include "eval/benchmark/set_request.h"

#include <algorithm>

#include "kernels/error.h"
#include "weights/bundled.h"
#include "weights/files/paths.h"

namespace odin {
namespace {

namespace fs = std::filesystem;

// Chosen, at T = 1000, on the demo's held-out images (see weights/README.md).
constexpr double kDemoMagnitude = 0.006;
constexpr const char* kDemoImages = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz";

SetRequest authors_set(const AuthorsOutSet& set, const AuthorsNetwork* network,
                       const fs::path& data_dir) {
  return {.display_name = std::string(set.display_name),
          .authors_name = std::string(set.name),
          .spec = out_set_specification(set, data_dir),
          .magnitude = network ? authors_magnitude(*network, set) : kDefaultMagnitude};
}

SetRequest other_set(const std::string& spec) {
  return {.display_name = "", .authors_name = "", .spec = spec};
}

SetRequest demo_set(const char* name, const std::string& spec) {
  return {.display_name = name, .authors_name = "", .spec = spec, .magnitude = kDemoMagnitude};
}

}  // namespace

NetworkRequest network_request(const JobRequest& request) {
  if (request.demo) {
    require(exists_at(kDemoImages),
            "the demo's images {} are missing: install the Debian package dataset-fashion-mnist",
            kDemoImages);
    return {.weights = bundled_weights("densenet_bc_100_fashion_mnist.h5"),
            .in = demo_set("Fashion-MNIST", fmt::format("idx:{}", kDemoImages))};
  }
  if (request.network.empty()) {
    return {.weights = request.weights, .in = other_set(request.in_spec)};
  }
  const AuthorsNetwork& network = authors_network(request.network);
  const fs::path weights = request.weights_dir / network.weights_file;
  require(exists_at(weights), "there is no {}; fetch the authors' network: {}", weights.string(),
          fetch_command(network, request.weights_dir));
  return {.authors = &network,
          .weights = weights,
          .in = {.display_name = std::string(network.in_set_name),
                 .authors_name = "",
                 .spec = in_set_specification(network, request.data_dir)}};
}

std::vector<SetRequest> out_requests(const JobRequest& request, const AuthorsNetwork* network) {
  if (request.demo) {
    return {demo_set("Uniform noise", "uniform"), demo_set("Gaussian noise", "gaussian")};
  }
  std::vector<SetRequest> sets;
  const auto asked_for = [&](std::string_view name) {
    return std::ranges::find(request.out_names, name) != request.out_names.end();
  };
  for (const AuthorsOutSet& set : authors_out_sets()) {
    if (asked_for("all") || asked_for(set.name)) {
      sets.push_back(authors_set(set, network, request.data_dir));
    }
  }
  for (const std::string& spec : request.out_specs) sets.push_back(other_set(spec));
  return sets;
}

SetRequest tuning_request(const JobRequest& request, const AuthorsNetwork* network) {
  for (const AuthorsOutSet& set : authors_out_sets()) {
    if (set.name == request.tune_on) return authors_set(set, network, request.data_dir);
  }
  return other_set(request.tune_on);
}

}  // namespace odin
