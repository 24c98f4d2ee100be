// Opening the sets of a run, and the parts of them that it uses.
#pragma once

#include <cstdint>
#include <optional>

#include "eval/benchmark/set_request.h"
#include "eval/data/spec.h"
#include "eval/report/report.h"

namespace odin {

// Every set is cut into two parts: the first `skip` images are held out, for a search to tune on,
// and the next ones up to image `limit` are reported on.
struct SetParts {
  std::int64_t skip = 0;
  std::int64_t limit = 0;
};

// Why the set cannot be opened, or nothing if it is there.
std::optional<MissingSet> missing_set(const SetRequest& set);

// Throws Error, with the command that fetches it if there is one.
[[noreturn]] void fail_missing(const MissingSet& set);

// The whole set, fitted as the options say, or else as the set asks for. Throws Error where no
// image would be left to report on, and as open_dataset() does.
NamedDataset open_set(const SetRequest& set, DatasetOptions options, const SetParts& parts);

NamedDataset reported_images(const NamedDataset& whole, const SetParts& parts);
NamedDataset held_out_images(const NamedDataset& whole, const SetParts& parts);

}  // namespace odin
