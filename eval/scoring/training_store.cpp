#include "eval/scoring/training_store.h"

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "eval/scoring/network_digest.h"
#include "weights/files/atomic_file.h"
#include "weights/files/digest.h"
#include "weights/files/input_file.h"
#include "weights/files/output_folder.h"

namespace odin {
namespace {

namespace fs = std::filesystem;

// A file has the logits, the features, and a hash of both.
std::uint64_t hash_of(std::span<const float> logits, std::span<const float> features) {
  Fnv1a hash;
  hash.add(logits);
  hash.add(features);
  return hash.value();
}

}  // namespace

TrainingStore::TrainingStore(fs::path folder, const Checkpoint& checkpoint, std::string_view device)
    : folder_(std::move(folder)), network_(digest_of(checkpoint, device)) {
  make_output_folder(folder_);
}

fs::path TrainingStore::path_of(const TrainingSet& set) const {
  return folder_ / fmt::format("{:016x}_{}.outputs", network_, set.sha256.substr(0, 16));
}

bool TrainingStore::read(TrainingSet& set, int classes) const {
  const fs::path path = path_of(set);
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return false;
  const InputFile file(path);
  std::uint64_t hash = 0;
  const std::size_t logits = set.images * static_cast<std::size_t>(classes);
  const std::int64_t floats = (file.size() - static_cast<std::int64_t>(sizeof(hash))) /
                              static_cast<std::int64_t>(sizeof(float));
  const std::int64_t features = floats - static_cast<std::int64_t>(logits);
  if (features <= 0 || features % static_cast<std::int64_t>(set.images) != 0) return false;
  std::vector<float> first(logits);
  std::vector<float> second(static_cast<std::size_t>(features));
  file.read(0, first.data(), first.size() * sizeof(float));
  std::int64_t at = static_cast<std::int64_t>(first.size() * sizeof(float));
  file.read(at, second.data(), second.size() * sizeof(float));
  at += static_cast<std::int64_t>(second.size() * sizeof(float));
  file.read(at, &hash, sizeof(hash));
  if (hash != hash_of(first, second)) return false;
  set.logits = std::move(first);
  set.features = std::move(second);
  return true;
}

void TrainingStore::write(const TrainingSet& set) const {
  const std::uint64_t hash = hash_of(set.logits, set.features);
  std::string content;
  const auto add = [&](const void* data, std::size_t bytes) {
    content.append(static_cast<const char*>(data), bytes);
  };
  add(set.logits.data(), set.logits.size() * sizeof(float));
  add(set.features.data(), set.features.size() * sizeof(float));
  add(&hash, sizeof(hash));
  write_atomically(path_of(set), content);
}

}  // namespace odin
