// The network and the sets that a request names: files to read and specifications to open.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "eval/benchmark/job_request.h"
#include "eval/published/benchmark_definition.h"
#include "eval/published/networks.h"

namespace odin {

// ODIN's magnitude where neither the authors nor the user have chosen one.
inline constexpr double kDefaultMagnitude = 0.0014;

// One set to open.
struct SetRequest {
  std::string display_name;         // in reports; empty: as the data set names itself
  std::string benchmark_name;       // in the benchmark; empty where that does not have the set
  std::string spec;                 // where it is
  ImageFit fit = ImageFit::kExact;  // unless the command line gives another
  JpegChroma jpeg_chroma = JpegChroma::kLinear;                          // likewise
  OdinParameters parameters = {kAuthorsTemperature, kDefaultMagnitude};  // likewise
};

struct NetworkRequest {
  const PublishedNetwork* published = nullptr;  // if it was asked for by its name
  std::filesystem::path weights;
  SetRequest in;
};

// Throws Error where the demo's images or the file of a published network are missing, with the
// command that fetches them.
NetworkRequest network_request(const JobRequest& request);

// The out-of-distribution sets to report on, in the order of reports, with the parameters that were
// published for the network. A benchmark's set that is the in-distribution set is left out. Throws
// Error for a set or an edition that the benchmark does not have.
std::vector<SetRequest> out_requests(const JobRequest& request,
                                     const BenchmarkDefinition& benchmark,
                                     const NetworkRequest& network);

// The only set to tune on (--tune-on).
SetRequest tuning_request(const JobRequest& request, const BenchmarkDefinition& benchmark,
                          const NetworkRequest& network);

}  // namespace odin
