// Data-set specifications, as on a command line: "cifar10:DIR", "svhn:FILE", "folder:DIR",
// "uniform".
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include "eval/data/dataset.h"
#include "eval/data/folder.h"
#include "eval/image/fit.h"

namespace odin {

enum class DatasetKind : std::uint8_t {
  kCifar10,
  kCifar10Training,
  kCifar100,
  kCifar100Training,
  kIdx,
  kSvhn,
  kNpy,
  kFolder,
  kUniform,
  kGaussian
};

struct DatasetSpec {
  DatasetKind kind = DatasetKind::kUniform;
  std::filesystem::path path;  // empty for noise
  int severity = 0;            // of npy:FILE.npy#SEVERITY, 1 to 5; 0: all images
};

// The first word of a specification: "cifar10" of "cifar10:DIR".
std::string_view format_of(std::string_view text);

// Parses cifar10:DIR, cifar10-train:DIR, cifar100:DIR, cifar100-train:DIR, idx:FILE, svhn:FILE,
// npy:FILE, npy:FILE.npy#SEVERITY, folder:DIR, uniform or gaussian. "~" at the beginning of a path
// is the home folder. open_dataset() checks that the path exists. Throws Error, which lists these
// forms, for anything else.
DatasetSpec parse_dataset_spec(std::string_view text);

// Whether both read the same images, however their paths are written.
bool same_images(const DatasetSpec& a, const DatasetSpec& b);

// Whether the images are generated, so that their number must be given.
bool is_noise(DatasetKind kind);

struct DatasetOptions {
  ImageShape shape{};               // that the images are wanted in: the network's
  ImageFit fit = ImageFit::kExact;  // for images of another size
  std::int64_t noise_images = 0;    // number of images in a set of noise
  std::uint64_t seed = 0;           // of noise
  FolderOptions folder{};           // but for its fit and shape
};

// Opens the set and looks at its images: at each of a folder, at the first of another set. So
// images of a wrong size are found now and not after hours of work on another set. Throws Error as
// open_cifar(), open_idx(), open_svhn(), open_npy_images(), open_folder() and make_noise() do, and
// as reading the image does.
std::shared_ptr<const Dataset> open_dataset(const DatasetSpec& spec, const DatasetOptions& options);

}  // namespace odin
