#include "eval/benchmark/training_images.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>

#include "eval/benchmark/class_match.h"
#include "eval/benchmark/open_set.h"
#include "eval/data/training_half.h"
#include "kernels/error.h"

namespace odin {
namespace {

constexpr std::int64_t kAll = std::numeric_limits<std::int64_t>::max();

// Whether a file or folder is another one, or in it.
bool is_in(const std::filesystem::path& path, const std::filesystem::path& folder) {
  std::error_code no_path;
  std::error_code no_folder;
  const std::filesystem::path inner = std::filesystem::canonical(path, no_path);
  const std::filesystem::path outer = std::filesystem::canonical(folder, no_folder);
  if (no_path || no_folder) return false;
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

// Throws Error if images would be fitted on that are judged, too. A score knows its training
// images: figures would flatter, and a threshold would accept fewer of other images than it says.
void require_apart(const DatasetSpec& fitted, const SetRequest& in,
                   const TrainingRequest& request) {
  const DatasetSpec judged = parse_dataset_spec(in.spec);
  const bool is_part = is_in(fitted.path, judged.path);
  const bool has_part = is_in(judged.path, fitted.path);
  const bool same_severity = fitted.severity == judged.severity;
  const bool all_severities = fitted.severity == 0 || judged.severity == 0;
  if (fitted.kind != judged.kind || !(is_part || has_part)) return;
  if (!same_severity && !all_severities) return;
  const bool is_same = is_part && has_part && same_severity;
  if (is_same && request.most.value_or(kAll) <= request.spare) return;
  const std::string spare =
      is_same && request.spare > 0
          ? fmt::format(", or take only the {0} that are left out, with --fit-images {0}",
                        request.spare)
          : "";
  fail("images of {} would be both fitted on and judged: give others with --fit-on{}", in.spec,
       spare);
}

}  // namespace

TrainingImages open_training_images(const TrainingRequest& request, const SetRequest& in,
                                    const Checkpoint& checkpoint, DatasetOptions options) {
  SetRequest set = in;
  set.display_name.clear();
  set.spec = request.spec.empty() ? training_half(in.spec).value_or("") : request.spec;
  require(
      !set.spec.empty(),
      "a score that was asked for is fitted on in-distribution training images, and those of {} "
      "are not known: give them with --fit-on",
      in.spec);
  const DatasetKind kind = parse_dataset_spec(set.spec).kind;
  require(!is_noise(kind), "{} is noise, which no network was trained on: --fit-on takes images",
          set.spec);
  require_apart(parse_dataset_spec(set.spec), in, request);
  const SetParts parts{.skip = 0, .limit = request.most.value_or(kAll)};
  options.folder.most_images = parts.limit;
  NamedDataset images;
  try {
    if (const std::optional<MissingSet> missing = missing_set(set)) fail_missing(*missing);
    images = reported_images(open_set(set, options, parts), parts);
  } catch (const Error& error) {
    fail("there are no images to fit on: {}; give others with --fit-on", error.what());
  }
  images.display_name += " (images to fit on)";

  const ClassMatch match = match_classes(*images.images, checkpoint, kind);
  std::vector<std::int32_t> labels;
  if (!match.classes.empty()) {
    for (const std::int32_t label : images.images->labels()) {
      labels.push_back(match.classes[static_cast<std::size_t>(label)]);
    }
  }
  return {std::move(images), std::move(labels)};
}

}  // namespace odin
