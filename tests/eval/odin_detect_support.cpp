#include "tests/eval/odin_detect_support.h"

#include <algorithm>
#include <sstream>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "weights/checkpoint.h"

namespace odin::test {
namespace {

const std::string kDetectProgram = std::string(ODIN_BINARY_DIR) + "/eval/odin_detect";

}  // namespace

DetectWorkspace::DetectWorkspace() {
  write_folder("a", kPictures, 3);
  std::vector<double> scores = eval_scores("a");
  std::ranges::nth_element(scores, scores.begin() + kPictures / 2);
  threshold = scores[kPictures / 2];
  write_detector("det.h5", "exact");
}

void DetectWorkspace::write_detector(const std::string& name, const std::string& fit) const {
  Checkpoint checkpoint = read_checkpoint(folder / "densenet10.h5");
  for (int c = 0; c < 10; ++c) checkpoint.class_names.push_back(fmt::format("class {}", c));
  DetectorSettings settings;
  settings.score = "odin";
  settings.temperature = 1000;
  settings.magnitude = 0.0014;
  settings.threshold = threshold;
  settings.tpr_high = 1;
  settings.images = 500;
  settings.images_name = "our own";
  settings.images_sha256 = std::string(64, '0');
  settings.fit = fit;
  checkpoint.detector = settings;
  write_checkpoint(checkpoint, folder / name);
}

ProgramResult DetectWorkspace::detect(const std::string& arguments) const {
  return script("$detect " + arguments);
}

ProgramResult DetectWorkspace::script(const std::string& commands) const {
  return run_program(fmt::format(
      "cd '{}'\ndetect='{} --detector det.h5 --device cpu'\n"
      "await() {{ for i in $(seq 300); do grep -qs \"$1\" \"$2\" && return; sleep 0.1; done; "
      "echo \"no $1 in $2\" >&2; }}\n{}",
      folder.path().string(), kDetectProgram, commands));
}

std::vector<double> DetectWorkspace::eval_scores(const std::string& images,
                                                 const std::string& options) const {
  succeed(fmt::format(
      "{} --out folder:{} --skip 0 --temperature 1000 --magnitude 0.0014 --quiet "
      "--scores scores {}",
      "--weights densenet10.h5 --in cifar10:cifar-10-batches-bin --device cpu", images, options));
  return read_scores(folder / "scores/confidence_Our_Out.txt");
}

std::vector<nlohmann::json> json_lines(const std::string& text) {
  std::vector<nlohmann::json> objects;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    objects.push_back(nlohmann::json::parse(line));
  }
  return objects;
}

}  // namespace odin::test
