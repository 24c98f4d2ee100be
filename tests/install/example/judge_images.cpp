// The same with the C++ class: judge_images DETECTOR FILE...
#include <cstdio>
#include <vector>

#include "eval/detection/ood_detector.h"
#include "eval/image/image_file.h"

int main(int argc, char** argv) {
  odin::OodDetector detector(argv[1], "cpu");
  const odin::ImageShape shape = detector.image_shape();
  const odin::ImageFit fit = odin::image_fit(detector.settings().fit);
  for (int i = 2; i < argc; ++i) {
    std::vector<std::uint8_t> pixels(static_cast<std::size_t>(shape.elements()));
    odin::read_image_file(argv[i], fit, shape, pixels.data());
    const odin::Verdict verdict = detector.detect(pixels).front();
    const auto& names = detector.class_names();
    const auto place = static_cast<std::size_t>(verdict.predicted_class);
    std::printf("%s %.17g %s %s\n", verdict.in_distribution ? "in" : "out", verdict.score,
                names.empty() ? "-" : names[place].c_str(), argv[i]);
  }
}
