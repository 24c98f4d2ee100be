// The Street View House Numbers in the format of 32 x 32 crops
// (http://ufldl.stanford.edu/housenumbers).
#pragma once

#include <filesystem>
#include <memory>

#include "eval/data/dataset.h"
#include "eval/image/fit.h"

namespace odin {

// `file` is a MATLAB 5 file, compressed or not, with the images X, bytes (32, 32, 3, N), and their
// labels y, N numbers from 1 to 10. Label 10 is the digit 0 and becomes class 0, so class and digit
// agree.
//
// The images are read to memory, by a child process. Throws Error, which names the file,
// for a file of another version, a variable that is missing or has another shape or type, no
// images, labels out of range, and a file that is damaged or truncated; and, as the first image is
// read, if images of 32 x 32 do not fit `shape` by `fit`.
std::shared_ptr<const Dataset> open_svhn(const std::filesystem::path& file,
                                         ImageFit fit = ImageFit::kExact,
                                         const ImageShape& shape = {});

}  // namespace odin
