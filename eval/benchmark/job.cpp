#include "eval/benchmark/job.h"

#include <algorithm>

#include "eval/benchmark/training_images.h"
#include "eval/data/spec.h"
#include "eval/published/benchmark_file.h"
#include "kernels/error.h"

namespace odin {
namespace {

// The authors' code: "the first 1000 images are used for tuning" and 10,000 are read.
constexpr std::int64_t kSkip = 1000;
constexpr std::int64_t kLimit = 10000;
constexpr const char* kOdinBenchmark = "odin";
// The demo scores as many images as the authors tune on.
constexpr std::int64_t kDemoLimit = 2000;

SetParts parts_of(const JobRequest& request) {
  const SetParts parts{.skip = request.skip.value_or(kSkip),
                       .limit = request.limit.value_or(request.demo ? kDemoLimit : kLimit)};
  require(parts.skip >= 0, "the number of held-out images (--skip) is {}, but must be at least 0",
          parts.skip);
  require(parts.limit > parts.skip,
          "--limit {} reads no more images than --skip {} holds out: raise --limit or lower --skip",
          parts.limit, parts.skip);
  require(!request.search || parts.skip > 0,
          "--search tunes on the held-out images, but --skip 0 holds out none: raise --skip");
  return parts;
}

// Throws Error if the file of a published network holds a network of another kind. Another depth or
// width passes: the user has trained that network anew.
void check_holds(const NetworkRequest& request, const Checkpoint& checkpoint) {
  if (request.published == nullptr) return;
  const Architecture expected = architecture_of(*request.published);
  const Architecture& found = checkpoint.architecture;
  require(found.family.index() == expected.family.index() &&
              num_classes(found) == num_classes(expected),
          "{} holds a {} with {} classes, but {} is a {} with {}: give it with --weights and --in "
          "instead of --nn",
          request.weights.string(), name_of(found), num_classes(found), request.published->name,
          name_of(expected), num_classes(expected));
}

// The published network that was asked for, or the ODIN authors' that the checkpoint is another
// training of, on the same set; or nullptr.
const PublishedNetwork* published_network_like(const NetworkRequest& request,
                                               const Checkpoint& checkpoint) {
  if (request.published != nullptr) return request.published;
  const std::string_view format = format_of(request.in.spec);
  if (format != checkpoint.in_dataset) return nullptr;
  return find_authors_network(checkpoint.architecture, format);
}

// The out-of-distribution sets, split by whether they are there.
struct OutSets {
  std::vector<SetRequest> present;
  std::vector<MissingSet> missing;
};

OutSets split(const std::vector<SetRequest>& sets) {
  OutSets split;
  for (const SetRequest& set : sets) {
    if (std::optional<MissingSet> missing = missing_set(set)) {
      split.missing.push_back(std::move(*missing));
    } else {
      split.present.push_back(set);
    }
  }
  if (split.present.empty() && !split.missing.empty()) fail_missing(split.missing.front());
  require(
      !split.present.empty(),
      "no out-of-distribution set remains to report on: give one that is not the set to tune on");
  return split;
}

// All of the sets. Throws Error with a sentence for each one that cannot be opened.
std::vector<NamedDataset> open_all(const std::vector<SetRequest>& sets,
                                   const DatasetOptions& options, const SetParts& parts) {
  std::vector<NamedDataset> opened;
  std::vector<std::string> errors;
  for (const SetRequest& set : sets) {
    try {
      opened.push_back(open_set(set, options, parts));
    } catch (const Error& error) {
      errors.emplace_back(error.what());
    }
  }
  if (!errors.empty()) fail("{}", fmt::join(errors, "\n"));
  return opened;
}

// The notes of the set under the name that reports give it.
std::vector<std::string> notes_on(const NamedDataset& set) {
  std::vector<std::string> notes;
  for (const std::string& note : set.images->notes()) {
    notes.push_back(fmt::format("{}: {}", set.display_name, note));
  }
  return notes;
}

// Which sets are decoded in another way than Pillow and torchvision decode them today.
std::vector<std::string> notes_on_jpeg(const std::vector<SetRequest>& sets) {
  std::vector<std::string> names;
  for (const SetRequest& set : sets) {
    if (set.jpeg_chroma == JpegChroma::kDct) names.push_back(set.display_name);
  }
  if (names.empty()) return {};
  return {fmt::format(
      "The colour of JPEG images is enlarged as IJG's libjpeg 7 to 9 did it (--jpeg-chroma "
      "dct), with which the published figures were made: {}",
      fmt::join(names, ", "))};
}

void append(std::vector<std::string>& to, const std::vector<std::string>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

Job prepare_job(const JobRequest& request) {
  const std::shared_ptr<const BenchmarkDefinition> benchmark =
      load_benchmark(request.benchmark.empty() ? kOdinBenchmark : request.benchmark);
  const NetworkRequest network = network_request(request);
  const SetParts parts = parts_of(request);
  Checkpoint checkpoint = read_checkpoint(network.weights);
  check_holds(network, checkpoint);

  if (const std::optional<MissingSet> missing = missing_set(network.in)) fail_missing(*missing);
  DatasetOptions options{.shape = checkpoint.architecture.image,
                         .fit = request.fit,
                         .noise_images = parts.limit,
                         .seed = request.seed,
                         .folder = {.mix_classes = true,
                                    .most_images = parts.limit,
                                    .skip_bad_images = request.skip_bad_images}};
  const NamedDataset in = open_set(network.in, options, parts);
  const NamedDataset reported_in = reported_images(in, parts);
  std::optional<TrainingImages> training;
  if (request.needs_fit) {
    const std::int64_t spare = request.search ? 0 : parts.skip;  // a search tunes on these
    training = open_training_images({request.fit_on, request.fit_images, spare}, network.in,
                                    checkpoint, options);
  }
  std::optional<SearchJob> search;
  if (request.search) search = SearchJob{held_out_images(in, parts), {}};
  std::vector<std::string> set_notes = notes_on(in);

  // Sets of noise have as many images as the in-distribution set.
  options.noise_images = parts.skip + reported_in.images->size();
  std::vector<SetRequest> sets = out_requests(request, *benchmark, network);
  if (search && !request.tune_on.empty()) {
    const SetRequest tuning = tuning_request(request, *benchmark, network);
    if (const std::optional<MissingSet> missing = missing_set(tuning)) fail_missing(*missing);
    const NamedDataset tuned_on = open_set(tuning, options, parts);
    append(set_notes, notes_on(tuned_on));
    search->out.push_back(held_out_images(tuned_on, parts));
    std::erase_if(sets, [&](const SetRequest& set) { return set.spec == tuning.spec; });
  }
  OutSets out_sets = split(sets);
  const std::vector<NamedDataset> opened = open_all(out_sets.present, options, parts);
  std::vector<BenchmarkTask> tasks;
  for (std::size_t i = 0; i < opened.size(); ++i) {
    const SetRequest& set = out_sets.present[i];
    const NamedDataset& out = opened[i];
    append(set_notes, notes_on(out));
    if (same_images(parse_dataset_spec(set.spec), parse_dataset_spec(network.in.spec))) {
      set_notes.push_back(
          fmt::format("{} is the in-distribution set and an out-of-distribution set at once.",
                      out.display_name));
    }
    tasks.push_back({.out = reported_images(out, parts),
                     .parameters = {request.temperature.value_or(set.parameters.temperature),
                                    request.magnitude.value_or(set.parameters.magnitude)},
                     .benchmark_name = set.benchmark_name});
    if (search && request.tune_on.empty()) search->out.push_back(held_out_images(out, parts));
  }

  append(set_notes, notes_on_jpeg(out_sets.present));

  ClassMatch in_classes =
      match_classes(*reported_in.images, checkpoint, parse_dataset_spec(network.in.spec).kind);
  std::vector<std::string> notes = in_classes.notes;
  append(notes, set_notes);
  const PublishedNetwork* published = published_network_like(network, checkpoint);
  return {.network_name = network.published ? std::string(network.published->display_name)
                                            : name_of(checkpoint.architecture),
          .published_network = published ? std::string(published->name) : "",
          .named = network.published != nullptr,
          .benchmark = benchmark,
          .weights = network.weights,
          .checkpoint = std::move(checkpoint),
          .parts = parts,
          .in = reported_in,
          .in_classes = std::move(in_classes),
          .tasks = std::move(tasks),
          .missing = std::move(out_sets.missing),
          .notes = std::move(notes),
          .search = std::move(search),
          .training = std::move(training)};
}

Job tuned(Job job, std::span<const Detector* const> detectors,
          const std::vector<SearchResult>& results) {
  require(results.size() == 1 || results.size() == job.tasks.size(),
          "{} searches do not fit {} sets", results.size(), job.tasks.size());
  for (std::size_t i = 0; i < job.tasks.size(); ++i) {
    const SearchResult& result = results[results.size() == 1 ? 0 : i];
    job.tasks[i].failure = result.failure;
    if (!result.failure.empty()) continue;
    if (!result.cells.empty()) job.tasks[i].parameters = result.chosen();
    for (const Detector* detector : detectors) {
      const auto search = std::ranges::find(result.options, detector, &OptionSearch::detector);
      job.tasks[i].detectors.push_back(search == result.options.end() ? detector
                                                                      : &search->chosen());
    }
  }
  return job;
}

}  // namespace odin
