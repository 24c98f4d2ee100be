// What odin_eval does in one run: the network, the opened sets and the parameters.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "eval/benchmark/benchmark.h"
#include "eval/benchmark/class_match.h"
#include "eval/benchmark/job_request.h"
#include "eval/benchmark/open_set.h"
#include "eval/published/benchmark_definition.h"
#include "eval/scoring/training_set.h"
#include "weights/checkpoint.h"

namespace odin {

// What a search goes through: the held-out images.
struct SearchJob {
  NamedDataset in;
  std::vector<NamedDataset> out;  // one for each task, or one for all of them
};

struct Job {
  std::string network_name;  // as displayed
  // The published network that it is, or is another training of ("densenet10"); empty for none.
  std::string published_network;
  bool named = true;  // by the name of a published network, not by a checkpoint's file
  std::shared_ptr<const BenchmarkDefinition> benchmark;
  std::filesystem::path weights;
  Checkpoint checkpoint;
  SetParts parts;
  NamedDataset in;
  ClassMatch in_classes;  // of the in-distribution set
  std::vector<BenchmarkTask> tasks;
  std::vector<MissingSet> missing;
  // What a reader of the figures should know about the network and the sets, a sentence each.
  std::vector<std::string> notes;
  std::optional<SearchJob> search;
  std::optional<TrainingImages> training;  // to fit detectors on, if one needs it
};

// Reads the checkpoint and opens the sets. An out-of-distribution set whose folder or file does not
// exist is listed as missing, but at least one set must exist. Throws Error if the request names
// nothing that exists, if a set has too few images for skip and limit, and for a search without
// held-out images.
Job prepare_job(const JobRequest& request);

// The job with the parameters, and with the variants of these detectors, that its search chose for
// every task. A task whose search failed has failed.
Job tuned(Job job, std::span<const Detector* const> detectors,
          const std::vector<SearchResult>& results);

}  // namespace odin
