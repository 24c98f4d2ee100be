// odin.Detector: a detector of which Python asks for verdicts.
#pragma once

#include <filesystem>
#include <mutex>
#include <string>

#include <nanobind/nanobind.h>

#include "eval/detection/ood_detector.h"

namespace odin::python {

class SharedDetector {
 public:
  // Throws Error as OodDetector does.
  SharedDetector(const std::filesystem::path& file, const std::string& device,
                 const DeviceOptions& options);

  const OodDetector& detector() const { return detector_; }

  // The verdicts on n images: a NumPy record array (n) with the fields of a Verdict. Any number of
  // threads may call it; one at a time computes. Throws as images_from() and OodDetector::detect()
  // do.
  nanobind::object detect(const nanobind::object& images);
  // How the detector perturbs n images: a pair of NumPy arrays (n, channels, height, width) with
  // the fields of an Explanation. Likewise.
  nanobind::object explain(const nanobind::object& images);

 private:
  OodDetector detector_;
  std::mutex mutex_;  // guards the detector
};

}  // namespace odin::python
