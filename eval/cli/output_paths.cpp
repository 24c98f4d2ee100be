#include "eval/cli/output_paths.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include <CLI/Error.hpp>
#include <fmt/format.h>

#include "eval/data/spec.h"
#include "kernels/error.h"
#include "weights/files/printable.h"

namespace odin {
namespace fs = std::filesystem;
namespace {

// The one name of the place that a path leads to, whether or not something is there.
fs::path place_of(const fs::path& path) {
  std::error_code error;
  const fs::path place = fs::weakly_canonical(fs::absolute(path, error), error);
  return error ? path.lexically_normal() : place;
}

std::string shown(const fs::path& path) {
  return printable(path.string(), 120, Characters::kUtf8);
}

bool keeps_nothing(const fs::path& path) {
  return path.empty() || path == "/dev/null" || path == "/dev/full";
}

void require_distinct(const GivenPath& a, const GivenPath& b) {
  if (keeps_nothing(a.path) || keeps_nothing(b.path) || place_of(a.path) != place_of(b.path)) {
    return;
  }
  throw CLI::ValidationError(
      fmt::format("{} and {} are the same file, '{}': give each a file of its own", a.option,
                  b.option, shown(a.path)));
}

}  // namespace

GivenPath given_set(std::string option, std::string_view specification) {
  fs::path path;
  try {
    path = parse_dataset_spec(specification).path;
  } catch (const Error&) {
  }
  return {std::move(option), std::move(path)};
}

void require_distinct(const std::vector<GivenPath>& outputs, const std::vector<GivenPath>& inputs) {
  for (auto output = outputs.begin(); output != outputs.end(); ++output) {
    for (auto other = outputs.begin(); other != output; ++other) require_distinct(*other, *output);
    for (const GivenPath& input : inputs) require_distinct(*output, input);
  }
}

void require_outside(const GivenPath& output, const GivenPath& folder) {
  const fs::path outer = place_of(folder.path);
  const fs::path inner = place_of(output.path);
  if (std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first != outer.end()) {
    return;
  }
  throw CLI::ValidationError(fmt::format("{} '{}' is the folder '{}' of {}, or in it: name another",
                                         output.option, shown(output.path), shown(folder.path),
                                         folder.option));
}

}  // namespace odin
