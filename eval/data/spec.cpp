#include "eval/data/spec.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "eval/data/arrays/npy_images.h"
#include "eval/data/arrays/svhn.h"
#include "eval/data/cifar.h"
#include "eval/data/folder.h"
#include "eval/data/idx.h"
#include "eval/data/noise.h"
#include "kernels/error.h"
#include "weights/files/paths.h"

namespace odin {
namespace {

struct Word {
  std::string_view text;
  DatasetKind kind;
};

constexpr Word kKinds[] = {
    {"cifar10", DatasetKind::kCifar10},   {"cifar10-train", DatasetKind::kCifar10Training},
    {"cifar100", DatasetKind::kCifar100}, {"cifar100-train", DatasetKind::kCifar100Training},
    {"idx", DatasetKind::kIdx},           {"svhn", DatasetKind::kSvhn},
    {"npy", DatasetKind::kNpy},           {"folder", DatasetKind::kFolder},
    {"uniform", DatasetKind::kUniform},   {"gaussian", DatasetKind::kGaussian},
};

constexpr std::string_view kPossible =
    "cifar10:DIR, cifar10-train:DIR, cifar100:DIR, cifar100-train:DIR, idx:FILE, svhn:FILE, "
    "npy:FILE, folder:DIR, uniform or gaussian";

bool is_one_file(DatasetKind kind) {
  return kind == DatasetKind::kIdx || kind == DatasetKind::kSvhn || kind == DatasetKind::kNpy;
}

// A severity comes after the ending, so that any other name may hold the sign.
DatasetSpec npy_spec(std::string_view text, std::string_view place) {
  const std::size_t sign = place.rfind(".npy#");
  if (sign == std::string_view::npos) return {DatasetKind::kNpy, with_home(place)};
  const std::size_t end = sign + std::string_view(".npy").size();
  const std::string_view severity = place.substr(end + 1);
  require(severity.size() == 1 && severity[0] >= '1' && severity[0] <= '0' + kSeverities,
          "'{}' has no severity after #: give a number from 1 to {}, or leave out #", text,
          kSeverities);
  return {DatasetKind::kNpy, with_home(place.substr(0, end)), severity[0] - '0'};
}

}  // namespace

bool is_noise(DatasetKind kind) {
  return kind == DatasetKind::kUniform || kind == DatasetKind::kGaussian;
}

std::string_view format_of(std::string_view text) {
  return text.substr(0, text.find(':'));
}

DatasetSpec parse_dataset_spec(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view word = format_of(text);
  const auto* found = std::find_if(std::begin(kKinds), std::end(kKinds),
                                   [&](const Word& known) { return known.text == word; });
  require(found != std::end(kKinds), "'{}' is not a data-set specification: give {}", text,
          kPossible);
  const bool has_path = colon != std::string_view::npos && colon + 1 < text.size();
  require(has_path || is_noise(found->kind), "'{}' has no path: give {}:{}", text, word,
          is_one_file(found->kind) ? "FILE" : "DIR");
  require(colon == std::string_view::npos || !is_noise(found->kind),
          "'{}' has a path, but noise is generated, not read: give just '{}'", text, word);
  if (!has_path) return {found->kind, {}};
  const std::string_view place = text.substr(colon + 1);
  if (found->kind == DatasetKind::kNpy) return npy_spec(text, place);
  return {found->kind, with_home(place)};
}

bool same_images(const DatasetSpec& a, const DatasetSpec& b) {
  if (a.kind != b.kind || a.severity != b.severity) return false;
  std::error_code error;
  return is_noise(a.kind) || std::filesystem::equivalent(a.path, b.path, error);
}

namespace {

std::shared_ptr<const Dataset> open(const DatasetSpec& spec, const DatasetOptions& options) {
  const ImageFit fit = options.fit;
  const ImageShape shape = options.shape;
  switch (spec.kind) {
    case DatasetKind::kCifar10:
      return open_cifar(spec.path, CifarVersion::kCifar10, CifarSplit::kTest, fit, shape);
    case DatasetKind::kCifar10Training:
      return open_cifar(spec.path, CifarVersion::kCifar10, CifarSplit::kTraining, fit, shape);
    case DatasetKind::kCifar100:
      return open_cifar(spec.path, CifarVersion::kCifar100, CifarSplit::kTest, fit, shape);
    case DatasetKind::kCifar100Training:
      return open_cifar(spec.path, CifarVersion::kCifar100, CifarSplit::kTraining, fit, shape);
    case DatasetKind::kIdx:
      return open_idx(spec.path, fit, shape);
    case DatasetKind::kSvhn:
      return open_svhn(spec.path, fit, shape);
    case DatasetKind::kNpy:
      return open_npy_images(spec.path, spec.severity, fit, shape);
    case DatasetKind::kFolder: {
      FolderOptions folder = options.folder;
      folder.fit = fit;
      folder.shape = shape;
      return open_folder(spec.path, folder);
    }
    case DatasetKind::kUniform:
      return make_noise(NoiseKind::kUniform, options.noise_images, options.seed, shape);
    case DatasetKind::kGaussian:
      return make_noise(NoiseKind::kGaussian, options.noise_images, options.seed, shape);
  }
  fail("data set kind {} is not known", static_cast<int>(spec.kind));
}

}  // namespace

std::shared_ptr<const Dataset> open_dataset(const DatasetSpec& spec,
                                            const DatasetOptions& options) {
  std::shared_ptr<const Dataset> images = open(spec, options);
  std::vector<float> first(static_cast<std::size_t>(options.shape.elements()));
  if (spec.kind != DatasetKind::kFolder && images->size() > 0) images->read(0, 1, first.data());
  return images;
}

}  // namespace odin
