// CIFAR-10 and CIFAR-100 (Krizhevsky, "Learning multiple layers of features from tiny images",
// 2009), in their binary version.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "eval/data/dataset.h"

namespace odin {

enum class CifarVersion : std::uint8_t { kCifar10, kCifar100 };
enum class CifarSplit : std::uint8_t { kTraining, kTest };

// `path` is one of:
// - the folder of the .bin files;
// - the folder into which cifar-10-batches-bin or cifar-100-binary was unpacked;
// - one .bin file, which is then all that is read.
// The labels of CIFAR-100 are the fine ones. The classes have the names in batches.meta.txt or
// fine_label_names.txt next to the images, if it is there. Images stay in their files; labels are read and checked
// here. Throws Error if a file is missing, is not a whole number of records, or has a label out of
// range.
std::shared_ptr<const Dataset> open_cifar(const std::filesystem::path& path, CifarVersion version,
                                          CifarSplit split);

}  // namespace odin
