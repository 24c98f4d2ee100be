// The network and the sets that a request names: files to read and specifications to open.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "eval/benchmark/job_request.h"
#include "eval/paper/authors_names.h"

namespace odin {

// ODIN's magnitude where neither the authors nor the user have chosen one.
inline constexpr double kDefaultMagnitude = 0.0014;

// One set to open.
struct SetRequest {
  std::string display_name;  // in reports; empty: as the data set names itself
  std::string authors_name;  // in the authors' code; empty where it does not have the set
  std::string spec;          // where it is
  double magnitude = kDefaultMagnitude;  // unless the command line gives one
};

struct NetworkRequest {
  const AuthorsNetwork* authors = nullptr;  // if it was asked for by its name
  std::filesystem::path weights;
  SetRequest in;
};

// Throws Error where the demo's images or the file of an authors' network are missing, with the
// command that fetches them.
NetworkRequest network_request(const JobRequest& request);

// The out-of-distribution sets to report on, in the order of reports. `network` is the authors'
// network, whose magnitudes are taken, or nullptr.
std::vector<SetRequest> out_requests(const JobRequest& request, const AuthorsNetwork* network);

// The only set to tune on (--tune-on).
SetRequest tuning_request(const JobRequest& request, const AuthorsNetwork* network);

}  // namespace odin
