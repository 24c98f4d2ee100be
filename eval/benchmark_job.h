// What odin_eval is to do, worked out from its command line: which files, sets and parameters.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "eval/benchmark.h"
#include "eval/image_fit.h"

namespace odin {

// The command line as it was given.
struct JobRequest {
  // The release's form.
  std::string network;   // --nn densenet10
  std::string out_name;  // --out_dataset Imagenet
  std::filesystem::path weights_dir = ".";
  std::filesystem::path data_dir = ".";
  // The general form.
  std::filesystem::path weights;       // --weights FILE
  std::string in_spec;                 // --in SPEC
  std::vector<std::string> out_specs;  // --out SPEC, once or more
  // The demo: the bundled network.
  bool demo = false;

  // Of all forms; the defaults are the release's.
  std::optional<double> temperature;
  std::optional<double> magnitude;
  std::optional<std::int64_t> skip;   // images left aside at the start of every set
  std::optional<std::int64_t> limit;  // images read at most, those left aside included
  ImageFit fit = ImageFit::kExact;
  std::uint64_t seed = 0;
};

struct Job {
  std::string network_name;  // as displayed
  std::filesystem::path weights;
  Checkpoint checkpoint;
  BenchmarkSet in;
  std::vector<BenchmarkTask> tasks;
  std::int64_t skip = 0;
  std::int64_t limit = 0;
};

// Reads the checkpoint and opens the sets. Throws Error where the request names nothing that exists
// or where a set has too few images for skip and limit.
Job prepare_job(const JobRequest& request);

}  // namespace odin
