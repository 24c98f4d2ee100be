#include "eval/scoring/score_store.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "eval/scoring/network_digest.h"
#include "weights/files/atomic_file.h"
#include "weights/files/digest.h"
#include "weights/files/input_file.h"
#include "weights/files/output_folder.h"

namespace odin {
namespace {

namespace fs = std::filesystem;

// The content of a file: predictions and all scores, as doubles, then their hash.
std::vector<double> numbers_of(const Scores& scores) {
  std::vector<double> numbers(scores.predictions.begin(), scores.predictions.end());
  for (const std::vector<std::vector<double>>& detector : scores.per_detector) {
    for (const std::vector<double>& values : detector) {
      numbers.insert(numbers.end(), values.begin(), values.end());
    }
  }
  return numbers;
}

// One vector of scores is stored for each detector and pair of ODIN's parameters that it uses.
std::size_t vectors_of(const Scores& scores) {
  std::size_t count = 0;
  for (const auto& detector : scores.per_detector) count += detector.size();
  return count;
}

std::uint64_t hash_of(std::span<const double> numbers) {
  Fnv1a hash;
  hash.add(numbers);
  return hash.value();
}

// Fills scores that are empty, for this number of images. Nothing if the file is missing or
// damaged: the caller then writes it anew.
std::optional<Scores> read_scores(const fs::path& path, std::size_t images, Scores scores) {
  std::vector<double> numbers((1 + vectors_of(scores)) * images);
  std::error_code error;
  std::uint64_t hash = 0;
  const std::size_t bytes = numbers.size() * sizeof(double);
  if (!fs::is_regular_file(path, error)) return {};
  const InputFile file(path);
  if (file.size() != static_cast<std::int64_t>(bytes + sizeof(hash))) return {};
  file.read(0, numbers.data(), bytes);
  file.read(static_cast<std::int64_t>(bytes), &hash, sizeof(hash));
  if (hash != hash_of(numbers)) return {};
  auto next = numbers.begin();
  const auto take = [&](auto& values) {
    const auto end = next + static_cast<std::ptrdiff_t>(images);
    values.assign(next, end);
    next = end;
  };
  take(scores.predictions);
  for (auto& detector : scores.per_detector) std::ranges::for_each(detector, take);
  return scores;
}

void write_scores(const fs::path& path, const Scores& scores) {
  const std::vector<double> numbers = numbers_of(scores);
  const std::uint64_t hash = hash_of(numbers);
  std::string content(numbers.size() * sizeof(double) + sizeof(hash), '\0');
  std::memcpy(content.data(), numbers.data(), numbers.size() * sizeof(double));
  std::memcpy(content.data() + numbers.size() * sizeof(double), &hash, sizeof(hash));
  write_atomically(path, content);
}

}  // namespace

ScoreStore::ScoreStore(fs::path folder, const Checkpoint& checkpoint, std::string_view device)
    : folder_(std::move(folder)), run_(digest_of(checkpoint, device)) {
  make_output_folder(folder_);
}

Scores ScoreStore::score(Scorer& scorer, std::span<const float> images,
                         std::span<const OdinParameters> parameters) const {
  Fnv1a hash(run_);
  for (const Detector* detector : scorer.detectors()) hash.add(detector->name);
  for (const std::shared_ptr<const DetectorFit>& fit : scorer.fits()) {
    if (fit != nullptr) hash.add(fmt::format("{:016x}", digest_of(*fit)));
  }
  hash.add(images);
  for (const OdinParameters& p : parameters) {
    hash.add(std::span<const double>({p.temperature, p.magnitude}));
  }
  const fs::path path = folder_ / fmt::format("{:016x}.scores", hash.value());
  const std::size_t n = images.size() / static_cast<std::size_t>(scorer.image_shape().elements());
  Scores none(parameters.size(), scorer.detectors());
  if (std::optional<Scores> kept = read_scores(path, n, std::move(none))) return *kept;
  Scores scores = scorer.score(images, parameters);
  write_scores(path, scores);
  return scores;
}

}  // namespace odin
