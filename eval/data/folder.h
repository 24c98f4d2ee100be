// A folder of PNG and JPEG images.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>

#include "eval/data/dataset.h"
#include "eval/image/fit.h"
#include "eval/image/image_file.h"

namespace odin {

struct FolderOptions {
  ImageFit fit = ImageFit::kExact;
  ImageShape shape{};  // that the images are fitted to
  JpegChroma jpeg_chroma = JpegChroma::kLinear;
  // Where there are two class folders or more: false for class by class, true for
  // stratified_order(), in which the first images have all classes too. A single class folder keeps
  // its order.
  bool mix_classes = false;
  // How many images the set has at most: the first ones of its order.
  std::int64_t most_images = std::numeric_limits<std::int64_t>::max();
  // Leave out what cannot be used, and say so in notes(), where it would be an error.
  bool skip_bad_images = false;
};

// If `folder` has subfolders with images, each subfolder is a class. Classes are numbered in the
// order of their names. The images come in the order of torchvision's ImageFolder: class by class,
// within a class folder by folder in the order of their whole paths, within a folder by name.
// Without such subfolders, the set is the images of `folder` itself, by name and without labels.
//
// Names are compared by code point, as Python does. Symbolic links are followed. folder_entries()
// says which files are images, and what is ignored.
//
// Only names are kept: images are decoded when they are read. But all are looked at, as
// usable_images() does.
//
// Throws Error
// - if there is no image, if a class folder has none, or if there are images both in `folder`
// itself and
//   in folders below it;
// - if a folder cannot be read or contains itself through a link;
// - for images that cannot be used and pictures that are neither PNG nor JPEG. It counts all of
// them.
std::shared_ptr<const Dataset> open_folder(const std::filesystem::path& folder,
                                           const FolderOptions& options);

}  // namespace odin
