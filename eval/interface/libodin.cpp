// The C interface: an OodDetector behind an opaque handle.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <exception>
#include <limits>
#include <vector>

#include "eval/detection/ood_detector.h"
#include "eval/image/image_file.h"
#include "eval/interface/odin.h"
#include "eval/report/version.h"
#include "kernels/error.h"

struct odin_detector {
  odin::OodDetector detector;
};

namespace odin {
namespace {

// Of fixed size: telling of an error must not fail.
thread_local std::array<char, 2048> last_error{};

void keep_error(const char* sentence) noexcept {
  const std::size_t length = std::min(std::strlen(sentence), last_error.size() - 1);
  std::copy_n(sentence, length, last_error.begin());
  last_error[length] = '\0';
  std::replace(last_error.begin(), last_error.begin() + length, '\n', ' ');
}

// Calls `work`, and returns whether it ended without an exception.
template <class Work>
bool guarded(const Work& work) noexcept {
  try {
    work();
    return true;
  } catch (const std::bad_alloc&) {
    keep_error("there is not enough memory");
  } catch (const std::exception& error) {
    keep_error(error.what());
  } catch (...) {
    keep_error("an unknown error");
  }
  return false;
}

template <class T>
T& required(T* pointer, const char* name) {
  require(pointer != nullptr, "{} must not be NULL", name);
  return *pointer;
}

PixelLayout layout_of(int layout) {
  require(layout == ODIN_PLANAR || layout == ODIN_INTERLEAVED,
          "the layout {} is neither ODIN_PLANAR nor ODIN_INTERLEAVED", layout);
  return layout == ODIN_PLANAR ? PixelLayout::kPlanar : PixelLayout::kInterleaved;
}

odin_verdict verdict_of(const Verdict& verdict) {
  return {.score = verdict.score,
          .probability = verdict.probability,
          .predicted_class = verdict.predicted_class,
          .in_distribution = verdict.in_distribution ? 1 : 0};
}

template <class Pixel>
int detect(odin_detector* detector, const Pixel* images, std::size_t count, int layout,
           odin_verdict* verdicts) noexcept {
  const bool good = guarded([&] {
    OodDetector& used = required(detector, "the detector").detector;
    if (count == 0) return;
    required(images, "the images");
    required(verdicts, "the verdicts");
    const auto elements = static_cast<std::size_t>(used.image_shape().elements());
    require(count <= std::numeric_limits<std::size_t>::max() / sizeof(Pixel) / elements,
            "{} images are more than memory can hold", count);
    const std::span<const Pixel> pixels(images, count * elements);
    const std::vector<Verdict> found = used.detect(pixels, layout_of(layout));
    std::ranges::transform(found, verdicts, verdict_of);
  });
  return good ? 0 : -1;
}

}  // namespace
}  // namespace odin

extern "C" {

const char* odin_version(void) {
  return odin::version().data();  // a literal
}

const char* odin_last_error(void) {
  return odin::last_error.data();
}

odin_detector* odin_detector_open(const char* file, const char* device, int threads) {
  odin_detector* opened = nullptr;
  odin::guarded([&] {
    odin::required(file, "the file's name");
    odin::require(threads >= 0, "the number of threads is {}, but must be at least 0", threads);
    opened = new odin_detector{
        odin::OodDetector(file, device == nullptr ? "auto" : device, {.threads = threads})};
  });
  return opened;
}

void odin_detector_close(odin_detector* detector) {
  delete detector;
}

int odin_detector_detect_bytes(odin_detector* detector, const uint8_t* images, size_t count,
                               int layout, odin_verdict* verdicts) {
  return odin::detect(detector, images, count, layout, verdicts);
}

int odin_detector_detect_floats(odin_detector* detector, const float* images, size_t count,
                                int layout, odin_verdict* verdicts) {
  return odin::detect(detector, images, count, layout, verdicts);
}

int odin_detector_detect_file(odin_detector* detector, const char* file, odin_verdict* verdict) {
  const bool good = odin::guarded([&] {
    odin::OodDetector& used = odin::required(detector, "the detector").detector;
    odin::required(file, "the file's name");
    odin::required(verdict, "the verdict");
    const odin::ImageShape shape = used.image_shape();
    std::vector<std::uint8_t> pixels(static_cast<std::size_t>(shape.elements()));
    odin::read_image_file(file, odin::image_fit(used.settings().fit), shape, pixels.data());
    *verdict = odin::verdict_of(used.detect(pixels).front());
  });
  return good ? 0 : -1;
}

int odin_detector_channels(const odin_detector* detector) {
  return detector == nullptr ? 0 : detector->detector.image_shape().channels;
}

int odin_detector_height(const odin_detector* detector) {
  return detector == nullptr ? 0 : detector->detector.image_shape().side;
}

int odin_detector_width(const odin_detector* detector) {
  return odin_detector_height(detector);
}

int odin_detector_classes(const odin_detector* detector) {
  return detector == nullptr ? 0 : detector->detector.num_classes();
}

const char* odin_detector_class_name(const odin_detector* detector, int index) {
  if (detector == nullptr || index < 0) return nullptr;
  const auto& names = detector->detector.class_names();
  const auto place = static_cast<std::size_t>(index);
  return place < names.size() ? names[place].c_str() : nullptr;
}

const char* odin_detector_score_name(const odin_detector* detector) {
  return detector == nullptr ? nullptr : detector->detector.settings().score.c_str();
}

double odin_detector_threshold(const odin_detector* detector) {
  return detector == nullptr ? std::nan("") : detector->detector.settings().threshold;
}

double odin_detector_tpr(const odin_detector* detector) {
  return detector == nullptr ? std::nan("") : detector->detector.settings().tpr;
}

}  // extern "C"
