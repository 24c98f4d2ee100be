// A folder of PNG and JPEG images.
#pragma once

#include <filesystem>
#include <memory>

#include "eval/data/dataset.h"
#include "eval/image/fit.h"

namespace odin {

// Where `folder` has folders with images in them, these are classes, numbered in the order of their
// names, and the images come in the order of torchvision's ImageFolder: class by class, within a
// class folder by folder in the order of their whole names, within a folder by name; images beside
// the class folders do not count. Otherwise the images of `folder` itself, by name, without labels.
// Names are compared by code point, as Python does. Symbolic links are followed.
//
// An image is a file whose name ends in .png, .jpg or .jpeg in any case. Only names are kept:
// images are decoded when they are read. Throws Error where there is no image, where a class folder
// has none, where a folder cannot be read or contains itself by a link, and where a file is a
// picture that torchvision would read and this cannot (.bmp, .webp, ...), which would shift the
// order.
std::shared_ptr<const Dataset> open_folder(const std::filesystem::path& folder, ImageFit fit);

}  // namespace odin
