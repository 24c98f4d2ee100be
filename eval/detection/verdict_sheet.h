// A contact sheet: the images that odin_detect judged, with their verdicts, as a web page.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "eval/detection/ood_detector.h"
#include "eval/detection/verdict_format.h"

namespace odin {

class VerdictSheet {
 public:
  // The page is index.html in the folder, which is created. Throws Error if nothing can be written
  // there.
  VerdictSheet(std::filesystem::path folder, std::vector<std::string> class_names);

  // The next image as the network saw it: planes of that shape. The page shows the first thousand;
  // the others are counted only.
  void add(const std::string& file, std::span<const std::uint8_t> pixels, const ImageShape& shape,
           const Verdict& verdict);

  // Throws Error if the page cannot be written.
  void write(const DetectorSettings& settings, const VerdictCounts& counts) const;

 private:
  std::filesystem::path folder_;
  std::vector<std::string> class_names_;
  std::string items_;
  std::int64_t added_ = 0;
};

}  // namespace odin
