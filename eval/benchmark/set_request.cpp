#include "eval/benchmark/set_request.h"

#include <algorithm>

#include "eval/data/spec.h"
#include "eval/published/places.h"
#include "kernels/error.h"
#include "weights/bundled.h"
#include "weights/files/paths.h"

namespace odin {
namespace {

namespace fs = std::filesystem;

// Chosen, at T = 1000, on the demo's held-out images (see weights/README.md).
constexpr double kDemoMagnitude = 0.006;
constexpr const char* kDemoImages = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz";

SetRequest benchmark_set(const BenchmarkSet& set, const JobRequest& request,
                         const BenchmarkDefinition& benchmark, const NetworkRequest& network) {
  SetRequest result{.display_name = set.title,
                    .benchmark_name = set.name,
                    .spec = first_place_there(set.places, request.data_dir),
                    .fit = set.fit,
                    .jpeg_chroma = request.jpeg_chroma.value_or(set.jpeg_chroma)};
  if (network.published != nullptr) {
    const auto parameters =
        published_parameters(benchmark, network.published->name, set.name, request.edition);
    if (parameters) result.parameters = *parameters;
  }
  return result;
}

SetRequest other_set(const std::string& spec, const JobRequest& request) {
  return {.display_name = "",
          .benchmark_name = "",
          .spec = spec,
          .jpeg_chroma = request.jpeg_chroma.value_or(JpegChroma::kLinear)};
}

// Whether a benchmark's set is the in-distribution set: a benchmark names both CIFARs.
bool is_in_set(const SetRequest& set, const NetworkRequest& network) {
  const bool one_set = set.spec.starts_with("cifar");
  return one_set && format_of(set.spec) == format_of(network.in.spec);
}

SetRequest demo_set(const char* name, const std::string& spec) {
  return {.display_name = name,
          .benchmark_name = "",
          .spec = spec,
          .parameters = {kAuthorsTemperature, kDemoMagnitude}};
}

}  // namespace

NetworkRequest network_request(const JobRequest& request) {
  if (request.demo) {
    require(exists_at(kDemoImages),
            "the demo's images {} are missing: install the Debian package dataset-fashion-mnist",
            kDemoImages);
    return {.weights = bundled_weights("wrn_16_2_fashion_mnist.h5"),
            .in = demo_set("Fashion-MNIST", fmt::format("idx:{}", kDemoImages))};
  }
  if (request.network.empty()) {
    return {.weights = request.weights, .in = other_set(request.in_spec, request)};
  }
  const PublishedNetwork& network = published_network(request.network);
  const fs::path weights = request.weights_dir / network.weights_file;
  require(exists_at(weights), "there is no {}; fetch the network: {}", weights.string(),
          fetch_command(network, request.weights_dir));
  return {.published = &network,
          .weights = weights,
          .in = {.display_name = std::string(network.in_set_name),
                 .benchmark_name = "",
                 .spec = in_set_specification(network, request.data_dir)}};
}

std::vector<SetRequest> out_requests(const JobRequest& request,
                                     const BenchmarkDefinition& benchmark,
                                     const NetworkRequest& network) {
  if (request.demo) {
    return {demo_set("Uniform noise", "uniform"), demo_set("Gaussian noise", "gaussian")};
  }
  const auto asked_for = [&](std::string_view name) {
    return std::ranges::find(request.out_names, name) != request.out_names.end();
  };
  for (const std::string& name : request.out_names) {
    require(name == "all" || benchmark.find_set(name) != nullptr,
            "\"{}\" has no set \"{}\": use {} or all", benchmark.title, name,
            fmt::join(benchmark.set_names(), ", "));
  }
  const bool whole = asked_for("all") || (!request.benchmark.empty() && request.out_names.empty());
  std::vector<SetRequest> sets;
  for (const BenchmarkSet& set : benchmark.sets) {
    if (!whole && !asked_for(set.name)) continue;
    SetRequest wanted = benchmark_set(set, request, benchmark, network);
    if (!is_in_set(wanted, network)) sets.push_back(std::move(wanted));
  }
  for (const std::string& spec : request.out_specs) sets.push_back(other_set(spec, request));
  return sets;
}

SetRequest tuning_request(const JobRequest& request, const BenchmarkDefinition& benchmark,
                          const NetworkRequest& network) {
  const BenchmarkSet* set = benchmark.find_set(request.tune_on);
  return set != nullptr ? benchmark_set(*set, request, benchmark, network)
                        : other_set(request.tune_on, request);
}

}  // namespace odin
