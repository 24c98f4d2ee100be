// Pictures that show what an explanation says.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "eval/detection/ood_detector.h"

namespace odin {

// The bytes of a PNG file with three pictures side by side, enlarged without smoothing to at least
// 128 pixels: the image, `pixels` of that shape; the sign of its gradient, where 0 is a negative
// one and 255 a positive one in each channel; and the perturbed image, rounded to bytes.
std::string explanation_png(std::span<const std::uint8_t> pixels, const ImageShape& shape,
                            const Explanation& explanation);

// A folder for such pictures, each named after its image.
class ExplanationFolder {
 public:
  // Creates it if it is missing. Throws Error if that fails.
  explicit ExplanationFolder(std::filesystem::path folder);

  const std::filesystem::path& path() const { return folder_; }
  // Writes NAME.png for an image NAME.EXTENSION or, where that exists, NAME-2.png, NAME-3.png and
  // so on: no file is overwritten, neither one of this run nor another one. Throws Error if it
  // cannot be written.
  void write(const std::filesystem::path& image, std::string_view png) const;

 private:
  // A new, empty file.
  std::filesystem::path reserve(const std::string& stem) const;

  std::filesystem::path folder_;
};

}  // namespace odin
