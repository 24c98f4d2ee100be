#include "eval/benchmark_job.h"

#include <algorithm>

#include "eval/benchmark_names.h"
#include "eval/bundled.h"
#include "eval/dataset_spec.h"

namespace odin {
namespace {

namespace fs = std::filesystem;

// The release's: "the first 1000 images are used for tuning" and 10,000 are read.
constexpr std::int64_t kSkip = 1000;
constexpr std::int64_t kLimit = 10000;
// The demo scores as many images as the release tunes on.
constexpr std::int64_t kDemoLimit = 2000;
constexpr double kDefaultMagnitude = 0.0014;
constexpr const char* kDemoImages = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz";

// One set to open: how reports name it (empty: as the data set names itself) and where it is.
struct SetRequest {
  std::string display_name;
  std::string spec;
  double magnitude = 0;  // unless the command line says otherwise
};

struct Requests {
  std::string network_name;
  fs::path weights;
  SetRequest in;
  std::vector<SetRequest> out;
};

Requests demo_requests() {
  require(fs::exists(kDemoImages),
          "the demo's images {} are missing: install Debian's package dataset-fashion-mnist",
          kDemoImages);
  return {"",
          bundled_weights("densenet_bc_100_fashion_mnist.h5"),
          {"Fashion-MNIST", fmt::format("idx:{}", kDemoImages)},
          {{"Uniform noise", "uniform", kDefaultMagnitude},
           {"Gaussian noise", "gaussian", kDefaultMagnitude}}};
}

Requests release_requests(const JobRequest& request) {
  const BenchmarkNetwork& network = benchmark_network(request.network);
  const BenchmarkOutSet& out = benchmark_out_set(request.out_name);
  return {std::string(network.display_name),
          request.weights_dir / network.weights_file,
          {std::string(network.in_set_name), in_set_specification(network, request.data_dir)},
          {{std::string(out.display_name), out_set_specification(out, request.data_dir),
            benchmark_magnitude(network, out)}}};
}

Requests general_requests(const JobRequest& request) {
  Requests requests{"", request.weights, {"", request.in_spec}, {}};
  for (const std::string& spec : request.out_specs) {
    requests.out.push_back({"", spec, kDefaultMagnitude});
  }
  return requests;
}

BenchmarkSet open_set(const SetRequest& set, const JobRequest& request, const Job& job,
                      std::int64_t noise_images) {
  const DatasetSpec spec = parse_dataset_spec(set.spec);
  DatasetOptions options;
  options.fit = request.fit;
  options.noise_images = noise_images;
  options.seed = request.seed;
  const std::shared_ptr<const Dataset> images = open_dataset(spec, options);
  require(images->size() > job.skip,
          "{} has {} images, of which the first {} are left aside (--skip): none is left",
          images->name(), images->size(), job.skip);
  return {set.display_name.empty() ? images->name() : set.display_name,
          subset(images, job.skip, job.limit - job.skip)};
}

}  // namespace

Job prepare_job(const JobRequest& request) {
  const Requests requests = request.demo               ? demo_requests()
                            : !request.network.empty() ? release_requests(request)
                                                       : general_requests(request);
  Job job;
  job.skip = request.skip.value_or(kSkip);
  job.limit = request.limit.value_or(request.demo ? kDemoLimit : kLimit);
  require(job.skip >= 0, "the number of images left aside cannot be negative ({})", job.skip);
  require(job.limit > job.skip,
          "of {} images read (--limit) the first {} are left aside (--skip): none is left",
          job.limit, job.skip);
  job.weights = requests.weights;
  job.checkpoint = read_checkpoint(requests.weights);
  job.network_name =
      requests.network_name.empty() ? name_of(job.checkpoint.architecture) : requests.network_name;
  const bool noise_in = is_noise(parse_dataset_spec(requests.in.spec).kind);
  job.in = open_set(requests.in, request, job, noise_in ? job.limit : 0);
  // Sets of noise have as many images as the in-distribution set.
  const std::int64_t noise_images = job.skip + job.in.images->size();
  for (const SetRequest& out : requests.out) {
    OdinParameters parameters{request.temperature.value_or(kBenchmarkTemperature),
                              request.magnitude.value_or(out.magnitude)};
    job.tasks.push_back({open_set(out, request, job, noise_images), parameters});
  }
  return job;
}

}  // namespace odin
