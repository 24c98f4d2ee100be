// What odin_eval is to do, worked out from its command line: which files, sets and parameters.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "eval/benchmark/benchmark.h"
#include "eval/image/fit.h"

namespace odin {

// The command line as it was given.
struct JobRequest {
  // The network: of the release, any other, or the bundled one.
  std::string network;                      // --nn densenet10
  std::filesystem::path weights_dir = ".";  // where it lies
  std::filesystem::path weights;            // --weights FILE
  std::string in_spec;                      // --in SPEC
  bool demo = false;                        // --demo
  // The sets.
  std::vector<std::string> out_names;    // --out_dataset NAME or "all"
  std::filesystem::path data_dir = ".";  // where they lie
  std::vector<std::string> out_specs;    // --out SPEC

  // The defaults are the release's.
  std::optional<double> temperature;
  std::optional<double> magnitude;
  std::optional<std::int64_t> skip;   // images left aside at the start of every set
  std::optional<std::int64_t> limit;  // images read at most, those left aside included
  ImageFit fit = ImageFit::kExact;
  std::uint64_t seed = 0;
  bool search = false;  // tune on the images left aside
  std::string tune_on;  // only with this set, by name or SPEC
};

// What a search is to go through: the images that the benchmark leaves aside.
struct SearchJob {
  BenchmarkSet in;
  std::vector<BenchmarkSet> out;  // one for each task, or one for all of them
};

struct Job {
  std::string network_name;  // as displayed
  std::string release_name;  // of the network in the release: "densenet10"; empty where it is none
  std::filesystem::path weights;
  Checkpoint checkpoint;
  BenchmarkSet in;
  std::vector<BenchmarkTask> tasks;
  std::vector<std::string> release_sets;  // each task's set in the release; empty where it is none
  std::vector<MissingSet> missing;
  std::optional<SearchJob> search;
  std::int64_t skip = 0;
  std::int64_t limit = 0;
};

// Reads the checkpoint and opens the sets. Of several out-of-distribution sets those whose folder or
// file is not there are missing; one at least must be there. Throws Error where the request names
// nothing that exists, where a set has too few images for skip and limit, and for a search without
// images left aside.
Job prepare_job(const JobRequest& request);

// Gives every task what the search chose for it. `results` are of the job's search.
void use_parameters(const std::vector<SearchResult>& results, Job& job);

}  // namespace odin
