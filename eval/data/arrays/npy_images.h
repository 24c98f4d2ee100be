// Images in NumPy's .npy files, as CIFAR-10-C and CIFAR-100-C have them.
#pragma once

#include <filesystem>
#include <memory>

#include "eval/data/dataset.h"
#include "eval/image/fit.h"

namespace odin {

// The corrupted CIFAR sets hold the test images at five severities, one after the other.
inline constexpr int kSeverities = 5;

// `file` holds images as bytes (N, height, width, 3), or grey ones (N, height, width) or (N,
// height, width, 1), row-major. Those of another size than `shape` are fitted. With a `severity`
// from 1 to 5, the set is that fifth of them; with 0 it is all. Labels are those of labels.npy in
// the same folder, whole numbers (N), if it is there; if it holds anything else, the set has no
// labels and a note says so.
//
// Images stay in the file. Throws Error, which names the file, if it is damaged or holds other
// arrays, if its images cannot be split by severity, and for negative labels; and, as the first
// image is read, if they do not fit `shape` by `fit`.
std::shared_ptr<const Dataset> open_npy_images(const std::filesystem::path& file, int severity,
                                               ImageFit fit = ImageFit::kExact,
                                               const ImageShape& shape = {});

}  // namespace odin
