#include "eval/benchmark/open_set.h"

#include "eval/published/places.h"
#include "kernels/error.h"
#include "weights/files/paths.h"
#include "weights/files/printable.h"

namespace odin {

namespace fs = std::filesystem;

std::optional<MissingSet> missing_set(const SetRequest& set) {
  const DatasetSpec spec = parse_dataset_spec(set.spec);
  std::error_code error;
  if (is_noise(spec.kind)) return {};
  const bool empty = is_folder(spec.path) && fs::is_empty(spec.path, error);
  if (exists_at(spec.path) && !empty) return {};
  const std::string path = printable_lines(spec.path.string());
  return MissingSet{
      printable_lines(set.display_name.empty() ? set.spec : set.display_name),
      empty ? fmt::format("{} is an empty folder", path) : fmt::format("there is no {}", path),
      fetch_command(set.spec)};
}

void fail_missing(const MissingSet& set) {
  fail("{} is missing: {}{}", set.name, set.reason,
       set.command.empty() ? "" : "; fetch it: " + set.command);
}

NamedDataset open_set(const SetRequest& set, DatasetOptions options, const SetParts& parts) {
  if (options.fit == ImageFit::kExact) options.fit = set.fit;
  options.folder.jpeg_chroma = set.jpeg_chroma;
  std::shared_ptr<const Dataset> images = open_dataset(parse_dataset_spec(set.spec), options);
  require(images->size() > parts.skip,
          "{} has {} images, and --skip {} holds them all out: lower --skip", images->name(),
          images->size(), parts.skip);
  return {set.display_name.empty() ? images->name() : set.display_name, std::move(images)};
}

NamedDataset reported_images(const NamedDataset& whole, const SetParts& parts) {
  return {whole.display_name, subset(whole.images, parts.skip, parts.limit - parts.skip)};
}

NamedDataset held_out_images(const NamedDataset& whole, const SetParts& parts) {
  return {whole.display_name, subset(whole.images, 0, parts.skip)};
}

}  // namespace odin
