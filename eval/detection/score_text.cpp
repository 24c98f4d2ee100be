#include "eval/detection/score_text.h"

#include "eval/scoring/detectors/registry.h"
#include "weights/files/printable.h"

namespace odin {

std::string score_text(const DetectorSettings& settings) {
  const auto shown = [](const std::string& text) {
    return printable(text, std::string::npos, Characters::kUtf8);
  };
  const Detector* score = find_detector(settings.score);
  if (score == nullptr) return shown(settings.score);
  // The title of a variant has its options in brackets; here they follow, all of them.
  std::string text(score->variant_of != nullptr ? score->variant_of->title : score->title);
  const std::string fixed = settings_text(*score);
  if (!fixed.empty()) text += ", " + fixed;
  if (score->uses_odin_parameters) {
    text +=
        fmt::format(", temperature {:g}, magnitude {:g}", settings.temperature, settings.magnitude);
  }
  if (settings.training_images > 0) {
    text += fmt::format(", learnt from {} images of {}", settings.training_images,
                        shown(settings.training_images_name));
  }
  return text;
}

}  // namespace odin
