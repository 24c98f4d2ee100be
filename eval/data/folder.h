// A folder of PNG and JPEG images.
#pragma once

#include <filesystem>
#include <memory>

#include "eval/data/dataset.h"
#include "eval/image/fit.h"

namespace odin {

// If `folder` has subfolders with images, each subfolder is a class. Classes are numbered in the order
// of their names. The images come in the order of torchvision's ImageFolder: class by class, within a
// class folder by folder in the order of their whole paths, within a folder by name. Images next to
// the class folders are ignored.
//
// Without such subfolders, the set is the images of `folder` itself, by name and without labels.
//
// Names are compared by code point, as Python does. Symbolic links are followed. An image is a file
// whose name ends in .png, .jpg or .jpeg, in upper or lower case. Only names are kept: images are
// decoded when they are read.
//
// Throws Error if there is no image, if a class folder has none, if a folder cannot be read or
// contains itself through a link, and for a picture that torchvision would read but this cannot (.bmp,
// .webp, ...), because leaving it out would shift the order.
std::shared_ptr<const Dataset> open_folder(const std::filesystem::path& folder, ImageFit fit);

}  // namespace odin
