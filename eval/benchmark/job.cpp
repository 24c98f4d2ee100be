#include "eval/benchmark/job.h"

#include <algorithm>

#include "eval/data/spec.h"
#include "eval/paper/benchmark_names.h"
#include "weights/bundled.h"

namespace odin {
namespace {

namespace fs = std::filesystem;

// The release's: "the first 1000 images are used for tuning" and 10,000 are read.
constexpr std::int64_t kSkip = 1000;
constexpr std::int64_t kLimit = 10000;
// The demo scores as many images as the release tunes on.
constexpr std::int64_t kDemoLimit = 2000;
constexpr double kDefaultMagnitude = 0.0014;
// Chosen, at T = 1000, on the images that the demo leaves aside (see weights/README.md).
constexpr double kDemoMagnitude = 0.006;
constexpr const char* kDemoImages = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz";

// One set to open: how reports name it (empty: as the data set names itself), what it is in the
// release (empty: nothing), where it is, and its magnitude unless the command line says otherwise.
struct SetRequest {
  std::string display_name;
  std::string release_name;
  std::string spec;
  double magnitude = kDefaultMagnitude;
};

struct NetworkRequest {
  const BenchmarkNetwork* release = nullptr;
  fs::path weights;
  SetRequest in;
};

NetworkRequest network_request(const JobRequest& request) {
  if (request.demo) {
    require(fs::exists(kDemoImages),
            "the demo's images {} are missing: install Debian's package dataset-fashion-mnist",
            kDemoImages);
    return {nullptr,
            bundled_weights("densenet_bc_100_fashion_mnist.h5"),
            {"Fashion-MNIST", "", fmt::format("idx:{}", kDemoImages)}};
  }
  if (request.network.empty()) return {nullptr, request.weights, {"", "", request.in_spec}};
  const BenchmarkNetwork& network = benchmark_network(request.network);
  const fs::path weights = request.weights_dir / network.weights_file;
  require(fs::exists(weights), "there is no {}; fetch the authors' network: {}", weights.string(),
          fetch_command(network, request.weights_dir));
  return {&network,
          weights,
          {std::string(network.in_set_name), "", in_set_specification(network, request.data_dir)}};
}

// Throws Error where the file of a network of the release holds one of another kind. Another depth or
// width is let pass: it is the user's own training of that network.
void check_holds(const BenchmarkNetwork& network, const Job& job) {
  const Architecture expected = architecture_of(network);
  const Architecture& found = job.checkpoint.architecture;
  require(found.index() == expected.index() && num_classes(found) == num_classes(expected),
          "{} holds a {} of {} classes, where {} is a {} of {}: name it with --weights and --in",
          job.weights.string(), name_of(found), num_classes(found), network.name, name_of(expected),
          num_classes(expected));
}

// The network of the release that a checkpoint is another training of, on the same set; or nullptr.
const BenchmarkNetwork* release_like(const Checkpoint& checkpoint, std::string_view in_spec) {
  const std::string_view format = in_spec.substr(0, in_spec.find(':'));
  if (format != checkpoint.in_dataset) return nullptr;
  return find_benchmark_network(checkpoint.architecture, format);
}

SetRequest release_set(const BenchmarkOutSet& set, const BenchmarkNetwork* network,
                       const fs::path& data_dir) {
  return {std::string(set.display_name), std::string(set.name),
          out_set_specification(set, data_dir),
          network ? benchmark_magnitude(*network, set) : kDefaultMagnitude};
}

std::vector<SetRequest> out_requests(const JobRequest& request, const BenchmarkNetwork* network) {
  std::vector<SetRequest> sets;
  if (request.demo) {
    sets = {{"Uniform noise", "", "uniform", kDemoMagnitude},
            {"Gaussian noise", "", "gaussian", kDemoMagnitude}};
  }
  const bool all = std::ranges::find(request.out_names, "all") != request.out_names.end();
  for (const BenchmarkOutSet& set : benchmark_out_sets()) {
    if (all || std::ranges::find(request.out_names, set.name) != request.out_names.end()) {
      sets.push_back(release_set(set, network, request.data_dir));
    }
  }
  for (const std::string& spec : request.out_specs) sets.push_back({"", "", spec});
  return sets;
}

SetRequest tuning_request(const JobRequest& request, const BenchmarkNetwork* network) {
  for (const BenchmarkOutSet& set : benchmark_out_sets()) {
    if (set.name == request.tune_on) return release_set(set, network, request.data_dir);
  }
  return {"", "", request.tune_on};
}

// Why the set cannot be opened, or nothing if it is there.
std::optional<MissingSet> missing_set(const SetRequest& set) {
  const DatasetSpec spec = parse_dataset_spec(set.spec);
  std::error_code error;
  if (is_noise(spec.kind)) return {};
  const bool empty = fs::is_directory(spec.path, error) && fs::is_empty(spec.path, error);
  if (fs::exists(spec.path, error) && !empty) return {};
  return MissingSet{set.display_name.empty() ? set.spec : set.display_name,
                    empty ? fmt::format("{} is an empty folder", spec.path.string())
                          : fmt::format("there is no {}", spec.path.string()),
                    fetch_command(set.spec)};
}

[[noreturn]] void fail_missing(const MissingSet& set) {
  fail("{} is missing: {}{}", set.name, set.reason,
       set.command.empty() ? "" : "; fetch it: " + set.command);
}

// Opens sets as the request wants them.
class Opener {
 public:
  Opener(const JobRequest& request, const Job& job) : request_(request), job_(job) {}

  // Sets of noise have as many images as this says.
  void set_noise_images(std::int64_t count) { noise_images_ = count; }

  std::shared_ptr<const Dataset> whole(const SetRequest& set) const {
    const DatasetSpec spec = parse_dataset_spec(set.spec);
    DatasetOptions options;
    options.fit = request_.fit;
    options.noise_images = noise_images_;
    options.seed = request_.seed;
    std::shared_ptr<const Dataset> images = open_dataset(spec, options);
    require(images->size() > job_.skip,
            "{} has {} images, of which the first {} are left aside (--skip): none is left",
            images->name(), images->size(), job_.skip);
    return images;
  }
  BenchmarkSet named(const SetRequest& set, std::shared_ptr<const Dataset> images) const {
    return {set.display_name.empty() ? images->name() : set.display_name, std::move(images)};
  }
  // The images that the benchmark reports on, and those that a search tunes on.
  BenchmarkSet reported(const SetRequest& set) const {
    return named(set, subset(whole(set), job_.skip, job_.limit - job_.skip));
  }
  BenchmarkSet left_aside(const SetRequest& set) const {
    return named(set, subset(whole(set), 0, job_.skip));
  }

 private:
  const JobRequest& request_;
  const Job& job_;
  std::int64_t noise_images_ = 0;
};

// The out-of-distribution sets that are there; the others are listed in the job.
std::vector<SetRequest> present_sets(std::vector<SetRequest> sets, Job& job) {
  std::vector<SetRequest> present;
  for (SetRequest& set : sets) {
    std::optional<MissingSet> missing = missing_set(set);
    if (!missing) {
      present.push_back(std::move(set));
    } else {
      job.missing.push_back(std::move(*missing));
    }
  }
  if (present.empty() && !job.missing.empty()) fail_missing(job.missing.front());
  require(!present.empty(), "no out-of-distribution set is left to report on");
  return present;
}

}  // namespace

Job prepare_job(const JobRequest& request) {
  const NetworkRequest network = network_request(request);
  Job job;
  job.skip = request.skip.value_or(kSkip);
  job.limit = request.limit.value_or(request.demo ? kDemoLimit : kLimit);
  require(job.skip >= 0, "the number of images left aside cannot be negative ({})", job.skip);
  require(job.limit > job.skip,
          "of {} images read (--limit) the first {} are left aside (--skip): none is left",
          job.limit, job.skip);
  require(!request.search || job.skip > 0,
          "a search tunes on the images that are left aside, and --skip 0 leaves none");
  job.weights = network.weights;
  job.checkpoint = read_checkpoint(network.weights);
  if (network.release) check_holds(*network.release, job);
  const std::string architecture = name_of(job.checkpoint.architecture);
  job.network_name = network.release ? network.release->display_name : architecture;
  const BenchmarkNetwork* release =
      network.release ? network.release : release_like(job.checkpoint, network.in.spec);
  if (release) job.release_name = release->name;

  Opener opener(request, job);
  if (const std::optional<MissingSet> missing = missing_set(network.in)) fail_missing(*missing);
  const bool noise_in = is_noise(parse_dataset_spec(network.in.spec).kind);
  opener.set_noise_images(noise_in ? job.limit : 0);
  job.in = opener.reported(network.in);
  if (request.search) job.search = SearchJob{opener.left_aside(network.in), {}};

  std::vector<SetRequest> sets = out_requests(request, network.release);
  // Sets of noise have as many images as the in-distribution set.
  opener.set_noise_images(job.skip + job.in.images->size());
  if (request.search && !request.tune_on.empty()) {
    const SetRequest tuning = tuning_request(request, network.release);
    if (const std::optional<MissingSet> missing = missing_set(tuning)) fail_missing(*missing);
    job.search->out.push_back(opener.left_aside(tuning));
    std::erase_if(sets, [&](const SetRequest& set) { return set.spec == tuning.spec; });
  }
  for (const SetRequest& set : present_sets(std::move(sets), job)) {
    job.tasks.push_back({opener.reported(set),
                         {request.temperature.value_or(kBenchmarkTemperature),
                          request.magnitude.value_or(set.magnitude)}});
    job.release_sets.push_back(set.release_name);
    if (request.search && request.tune_on.empty()) {
      job.search->out.push_back(opener.left_aside(set));
    }
  }
  return job;
}

void use_parameters(const std::vector<SearchResult>& results, Job& job) {
  require(results.size() == 1 || results.size() == job.tasks.size(),
          "{} searches cannot serve {} sets", results.size(), job.tasks.size());
  for (std::size_t i = 0; i < job.tasks.size(); ++i) {
    job.tasks[i].parameters = results[results.size() == 1 ? 0 : i].chosen();
  }
}

}  // namespace odin
