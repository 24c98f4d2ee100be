// Verdicts on images: the interface for programs.
//
//   odin::OodDetector detector("detector.h5");           // written by odin_calibrate
//   for (const odin::Verdict& verdict : detector.detect(pixels)) {
//     if (!verdict.in_distribution) reject();
//   }
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "eval/detection/pixels.h"
#include "eval/scoring/scorer.h"
#include "kernels/device.h"
#include "weights/checkpoint.h"

namespace odin {

struct Verdict {
  std::int32_t predicted_class = 0;
  double probability = 0;  // of that class: the softmax of the unchanged image at temperature 1
  double score = 0;        // by the detector's score; larger is more in-distribution
  bool in_distribution = false;  // score >= threshold
  bool operator==(const Verdict&) const = default;
};

// Why an image has its score: how the detector perturbs it. Both are (channels, height, width).
struct Explanation {
  // Of the gradient, in each pixel, of what the detector's perturbation lowers; for a score that
  // perturbs nothing, of what ODIN's does, the cross entropy of logits / temperature with the
  // predicted class. 1, also for 0 as in the authors' code, or -1. Where it is 1, a larger pixel
  // makes the network less sure.
  std::vector<std::int8_t> gradient_sign;
  // The image that ODIN scores, in units of pixels in 0..1, beyond which it may reach by the
  // magnitude: pixel - magnitude sign (Liang, Li & Srikant 2018, section 3). The image itself for a
  // score that perturbs nothing.
  std::vector<float> perturbed;
};

// A network and how to judge images with it. An object serves one thread at a time; objects of
// different threads are independent of each other. A verdict depends neither on the other images
// nor on how many there are, and is the same in every program that uses the same device.
class OodDetector {
 public:
  // Reads a file that odin_calibrate wrote. `device` is "auto" (a GPU if there is a usable one),
  // "cpu", "cuda" or "cuda:N". Throws Error, in one sentence, if the file cannot be used, is a
  // checkpoint without a detector, names a score that does not exist here, or lacks what that score
  // must have learnt from images of this network, and as make_backend() does.
  explicit OodDetector(const std::filesystem::path& file, std::string_view device = "auto",
                       const DeviceOptions& options = {});
  // With a checkpoint that has been read.
  explicit OodDetector(const Checkpoint& checkpoint, std::string_view device = "auto",
                       const DeviceOptions& options = {});
  OodDetector(OodDetector&&) noexcept;
  OodDetector& operator=(OodDetector&&) noexcept;
  ~OodDetector();

  const DetectorSettings& settings() const { return settings_; }
  // Of the images that detect() takes.
  const ImageShape& image_shape() const { return scorer_->image_shape(); }
  int num_classes() const { return scorer_->num_classes(); }
  // One per class, or none where the checkpoint has no names.
  const std::vector<std::string>& class_names() const { return scorer_->class_names(); }
  // The network and what runs it.
  std::string description() const { return scorer_->description(); }
  // The number of images that detect() needs at once to keep the device busy.
  std::int64_t preferred_batch() const { return scorer_->preferred_batch(); }

  // One verdict per image, in their order; none for no images. Bytes v are pixels v / 255, floats
  // must be in 0..1. They must have the network's size; read_image_file() fits files to it. Throws
  // Error if there is not a whole number of images, for a float outside 0..1, and if the network's
  // output is not finite.
  std::vector<Verdict> detect(std::span<const std::uint8_t> images,
                              PixelLayout layout = PixelLayout::kPlanar);
  std::vector<Verdict> detect(std::span<const float> images,
                              PixelLayout layout = PixelLayout::kPlanar);

  // One explanation per image. Throws Error as detect() does.
  std::vector<Explanation> explain(std::span<const std::uint8_t> images,
                                   PixelLayout layout = PixelLayout::kPlanar);
  std::vector<Explanation> explain(std::span<const float> images,
                                   PixelLayout layout = PixelLayout::kPlanar);

 private:
  // `name` of the file, for messages.
  OodDetector(const Checkpoint& checkpoint, std::string_view device, const DeviceOptions& options,
              const std::string& name);

  // Calls use(pixels) for one batch of the images after the other, which batch_ then holds,
  // normalised.
  template <class Pixel, class Use>
  void in_batches(std::span<const Pixel> images, PixelLayout layout, const Use& use);
  template <class Pixel>
  std::vector<Verdict> detect_pixels(std::span<const Pixel> images, PixelLayout layout);
  template <class Pixel>
  std::vector<Explanation> explain_pixels(std::span<const Pixel> images, PixelLayout layout);

  DetectorSettings settings_;
  const Detector* score_ = nullptr;
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<Scorer> scorer_;
  std::vector<float> batch_;  // normalised images, kept from call to call
};

}  // namespace odin
