// CIFAR-10 and CIFAR-100 (Krizhevsky, "Learning multiple layers of features from tiny images",
// 2009), in their binary and their Python version.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "eval/data/dataset.h"
#include "eval/image/fit.h"

namespace odin {

enum class CifarVersion : std::uint8_t { kCifar10, kCifar100 };
enum class CifarSplit : std::uint8_t { kTraining, kTest };

// `path` is one of:
// - the folder of the files, as each archive unpacks it: cifar-10-batches-bin, cifar-100-binary,
//   cifar-10-batches-py or cifar-100-python;
// - the folder into which one of these was unpacked (the binary version, if both were);
// - one file of images, which is then all that is read.
// The labels of CIFAR-100 are the fine ones. The classes have the names in the file of names next
// to the images (batches.meta.txt, fine_label_names.txt, batches.meta, meta), if it is there.
// Images stay in their files; labels are read and checked here. Throws Error if a file is missing,
// is not of its format, or has a label out of range; and, as the first image is read, if images of
// 32 x 32 do not fit `shape` by `fit`.
std::shared_ptr<const Dataset> open_cifar(const std::filesystem::path& path, CifarVersion version,
                                          CifarSplit split, ImageFit fit = ImageFit::kExact,
                                          const ImageShape& shape = {});

}  // namespace odin
